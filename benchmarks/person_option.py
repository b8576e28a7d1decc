"""A package with a send option that reads who the email is for, so that no two people share a plan."""

import datetime as dt
import hashlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from touchline.partners import hookimpl

from strategies import Availability, Note, Position, Reads, SendAt, SendOption, StepContext

MINUTES = 8 * 60
DISTRIBUTION = "spread-by-person"


class SpreadByPerson(SendOption):
    """Sends between 9:00 and 17:00, at a minute that depends on the person."""

    key = "spread_by_person"
    labels = {"en": "Spread over the day"}
    help = {"en": "Sent between 9:00 and 17:00, at another minute for each person."}
    sentences = {"SPREAD": {"en": "This person's minute is {time}."}}
    reads = frozenset({Reads.PERSON})

    def availability(self, position: Position) -> Availability:
        """Available everywhere."""
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        """Take the minute from the person's id."""
        minute = int.from_bytes(hashlib.sha256(step.person.id.encode()).digest()[:4]) % MINUTES
        wall = dt.time(9 + minute // 60, minute % 60)
        return SendAt(step.date, wall, (Note("SPREAD", {"time": wall.isoformat("minutes")}),))


@hookimpl
def touchline_register_send_options() -> Sequence[SendOption]:
    """Register the option."""
    return [SpreadByPerson()]


@contextmanager
def installed() -> Iterator[None]:
    """Let this module be a package that is installed, also for the processes that start meanwhile."""
    with tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder:
        about = Path(folder) / f"{DISTRIBUTION.replace('-', '_')}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 1.0\n", "utf-8")
        (about / "entry_points.txt").write_text(f"[touchline]\nspread = {__name__}\n", "utf-8")
        sys.path.append(folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
