"""``touchline people import``: import people from a CSV file."""

import asyncio
import signal
import sys
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.cli.common import console, database
from api.cli.workspaces.suppressions import find_workspace
from api.codes.request_errors.inputs import InputCode
from api.csv_reading import Decoded, decode
from api.make_runtime import make_runtime
from api.models import Job, PeopleImport
from api.printable import printable
from api.services.jobs.caller_chunks import carry_out
from api.services.jobs.job_kind import Chunks
from api.services.people.imports import IMPORT_JOB, MAX_SOURCE_CHARACTERS, import_chunks, start_import
from api.settings import Settings, environment
from api.states import OnKnown
from api.store import jobs
from api.store.engine.database_clock import DatabaseClock
from plugins.loading.manager import load
from strategies import Refusal
from strategies.registry import SendOptions

MAX_REFUSALS_SHOWN = 20
"""Most refused rows that are printed."""
STOPPED = (
    "the import was stopped at row {done} of {total}. A running serve or tick, or the next people import, continues it."
)


async def import_people(
    settings: Settings, *, file: Path, workspace: str, on_known: str, dry_run: bool, encoding: str | None
) -> int:
    """Import a CSV file with a progress bar; exit code 1 when rows were refused."""
    read = await asyncio.to_thread(_read, file, encoding)
    if encoding is None and not read.encoding.startswith("utf"):
        print(
            f"{printable(file.name)} was read as {read.encoding}. If that is wrong, set --encoding.",
            file=sys.stderr,
        )
    async with database(settings):
        row = await find_workspace(workspace)
        clock = DatabaseClock()
        await clock.sync()  # other processes compare the lease with the database's clock
        context = make_runtime(settings, load(environment()), clock).context(row)
        await _finish_earlier(clock, context.installed.send_options)
        # Lease the job at once, so that a tick loop does not start it as well.
        started = await start_import(
            context,
            read.text,
            on_known=OnKnown[on_known.upper()],
            dry_run=dry_run,
            lease_until=clock() + jobs.LEASE,
        )
        job = await jobs.open_job(IMPORT_JOB, started.id)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel, asyncio.current_task())
        try:
            done = await _run(job, started, clock, context.installed.send_options)
        except asyncio.CancelledError:
            if job is not None:
                await jobs.put_back(job, 0)
            print(f"touchline: {STOPPED.format(done=started.processed, total=started.total)}", file=sys.stderr)
            return 1
        await _report(done)
        return 1 if done.failed else 0


def _cancel(task: "asyncio.Task[object] | None") -> None:
    if task is not None:
        task.cancel()


async def _run(job: Job | None, row: PeopleImport, clock: DatabaseClock, options: SendOptions) -> PeopleImport:
    """Import the remaining rows of a file, with a progress bar."""
    columns = (TextColumn("people"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        shown = bar.add_task("people", total=row.total, completed=row.processed)

        async def chunks() -> Chunks:
            async for rows in import_chunks(row, clock, options):
                bar.update(shown, completed=row.processed)
                yield rows

        await carry_out(job, chunks(), clock)
    return await PeopleImport.get(id=row.id)


async def _finish_earlier(clock: DatabaseClock, options: SendOptions) -> None:
    """Finish imports that were interrupted, so that they cannot overwrite the values of the new file."""
    for waiting in await jobs.open_jobs():
        if waiting["kind"] != IMPORT_JOB or jobs.is_leased(waiting["lease_until"], clock()):
            continue
        if (job := await jobs.take(waiting["id"], waiting["turns"], clock())) is not None:
            row = await PeopleImport.get(id=job.subject_id)
            print(
                f"The import {row.id} was interrupted at row {row.processed} of {row.total} and continues now.",
                file=sys.stderr,
            )
            await _run(job, row, clock, options)


def _read(file: Path, encoding: str | None) -> Decoded:
    """Read a file. Raises Refusal, and OSError."""
    most = 4 * MAX_SOURCE_CHARACTERS
    if file.stat().st_size > most:
        raise Refusal.of(InputCode.TOO_LONG, case="file", name=file.name, limit=most)
    return decode(file.read_bytes(), encoding)


async def _report(done: PeopleImport) -> None:
    if done.dry_run:
        console.print("Dry run: nothing was written. An import would report:")
    skipped = f", {done.skipped} skipped" if done.on_known == OnKnown.SKIP else ""
    console.print(f"{done.created} created, {done.updated} updated, {done.failed} refused{skipped}.")
    if done.repeated:
        console.print(f"{done.repeated} rows repeat the address of an earlier row.")
    if done.suppressed:
        console.print(f"{done.suppressed} of the people have unsubscribed and get no emails.")
    for refusal in await done.refusals.order_by("id").limit(MAX_REFUSALS_SHOWN):
        place = f"row {refusal.row}" + (f", column {refusal.column}" if refusal.column else "")
        text = f"  {place}: {refusal.code}: {refusal.message}"
        console.print(printable(text), highlight=False, soft_wrap=True, markup=False)
    if done.failed > MAX_REFUSALS_SHOWN:
        console.print(
            f'  … and {done.failed - MAX_REFUSALS_SHOWN} more: see refusals of peopleImport(id: "{done.id}").'
        )
