"""``touchline suppressions``: import and export suppressed addresses."""

import asyncio
import csv
import sys
from dataclasses import replace
from pathlib import Path

from api.cli.common import console, database
from api.codes.request_errors.inputs import InputCode
from api.csv_reading import decode
from api.make_runtime import make_runtime
from api.models import Workspace
from api.printable import printable
from api.services.people.suppression_files import HEADER, cells, export_suppressions, import_suppressions
from api.settings import Settings, environment
from api.store.engine.database_clock import DatabaseClock
from api.store.workspaces import workspace_by_id, workspace_by_name
from plugins.loading.manager import load
from strategies import Refusal

MAX_REFUSALS_SHOWN = 20
"""Most refused rows that are printed."""
ACTOR = "command line"


async def find_workspace(name_or_id: str) -> Workspace:
    """Return a workspace by its name or its id. Raises Refusal."""
    row = await workspace_by_name(name_or_id) or await workspace_by_id(name_or_id)
    if row is None:
        raise Refusal.of(InputCode.NOT_FOUND, ("workspace",), case="workspace", name=name_or_id)
    return row


async def import_file(
    settings: Settings, *, file: Path, workspace: str, reason: str = "", encoding: str | None = None
) -> int:
    """Suppress the addresses of a CSV file; exit code 1 when rows were refused."""
    source = decode(await asyncio.to_thread(file.read_bytes), encoding).text
    async with database(settings):
        clock = DatabaseClock()
        await clock.sync()
        row = await find_workspace(workspace)
        context = replace(make_runtime(settings, load(environment()), clock).context(row), actor=ACTOR)
        done = await import_suppressions(context, source, reason, limit=None)
    console.print(f"{done.new} suppressed, {done.unchanged} already suppressed, {len(done.refused)} refused.")
    for refused in done.refused[:MAX_REFUSALS_SHOWN]:
        text = f"  row {refused.row}: {refused.code}: {refused.message}"
        console.print(printable(text), highlight=False, soft_wrap=True, markup=False)
    if len(done.refused) > MAX_REFUSALS_SHOWN:
        console.print(f"  and {len(done.refused) - MAX_REFUSALS_SHOWN} more")
    return 1 if done.refused else 0


async def export_file(settings: Settings, *, workspace: str) -> int:
    """Print the suppressed addresses as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    async with database(settings):
        row = await find_workspace(workspace)
        writer.writerow(HEADER)
        async for each in export_suppressions(row.id):
            writer.writerow(cells(each))
    return 0
