"""The installed tz database: its fingerprint, and the jobs that follow a change of it."""

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH

from api.clock import Clock
from api.models import Workspace
from api.store import jobs
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.time_zones import store_zone_rules
from strategies.calendar import zone_names

ZONES_JOB = "zones"


def fingerprint() -> str:
    """Return a digest of this process's tz database. It changes if the rules of any zone change."""
    digest = hashlib.sha256()
    for zone in sorted(zone_names()):
        digest.update(zone.encode() + _rules(zone))
    return digest.hexdigest()


@cache
def installed_rules() -> str:
    """Return the fingerprint, read once: zoneinfo also keeps the rules that it has read."""
    return fingerprint()


def _rules(zone: str) -> bytes:
    """Read a zone's file from the place that zoneinfo uses: a system folder, else the package tzdata."""
    for folder in TZPATH:
        path = Path(folder, zone)
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


@retry_on_deadlock
async def start_jobs_if_changed(present: str, clock: Clock) -> int:
    """Start a job for each workspace if the fingerprint ``present`` differs from the stored one. Returns how many."""
    async with transaction():
        if not await store_zone_rules(present):
            return 0
        ids = await Workspace.all().order_by("id").values_list("id", flat=True)
        for workspace_id in ids:
            await jobs.start(ZONES_JOB, str(workspace_id), str(workspace_id), clock())
    return len(ids)
