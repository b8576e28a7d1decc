"""The background job that processes incoming mails and events. There is one for the whole server.

A chunk takes the due rows in the order of their arrival, reads them, finds their emails and applies their effects, in
one transaction. If that fails, bisection finds the row that is the cause. It is tried again later, up to
``MAX_ATTEMPTS`` times, and does not delay the others.

The attempt is counted before the work, so that a mail that ends its process is counted too. But a process may also end
for another reason, such as a crash loop. So a mail whose process has ended twice is read in a worker process. If that
process ends as well, the mail is the cause, and this counts as an error.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from api.codes.reasons.incoming import AnswerCode
from api.models import Job
from api.services.common.job_chunks.bisection import FIRST_WAIT, LONGEST_WAIT, bisect_failures, is_database_fault
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.replies.apply_incoming import MatchedRow, apply, apply_with_suppression
from api.services.replies.findings import ReadRow, read_rows
from api.services.replies.incoming import ANSWERS_JOB, ANSWERS_SUBJECT
from api.services.replies.matching import match
from api.services.replies.own_messages import apply_own_mail
from api.states import IncomingResult
from api.store import jobs
from api.store.engine.transactions import transaction
from api.store.replies import incoming
from api.store.replies.incoming import IncomingRow, Result
from api.worker_processes.limits import LimitExceededError, Limits, WorkersBusyError, WorkersClosedError
from api.worker_processes.pool import run
from strategies import Refusal

log = logging.getLogger("touchline.answers")

MAX_BATCH_ROWS = 200
MAX_BATCH_BYTES = 4_000_000
"""The most bytes of mails that are in memory at a time, unless one mail alone has more."""
MAX_ATTEMPTS = 5
"""Attempts with an error after which a row is set aside, with its reason."""
ENDED_BEFORE_WORKER = 2
"""Processes that have ended while they worked on a row, after which a worker process reads it."""
MAX_ENDED = 20
"""Ended processes after which a row is set aside, although reading it is not the cause."""
READING_LIMITS = Limits(cpu_seconds=20.0, wall_seconds=120.0)
MAX_WAIT = timedelta(seconds=10)
"""The longest time that the job waits for rows that are due later, before it checks again."""
KEPT_FOR = timedelta(days=30)
"""How long a processed row is kept. A mail or an event that comes again within this time counts once."""
MAX_DELETED_ROWS = 1_000
"""The most old rows of one statement."""


async def answer_chunks(runtime: JobRuntime) -> Chunks:
    """Process all due rows. After each chunk, yield the number of rows."""
    while rows := await incoming.take(runtime.clock(), MAX_BATCH_ROWS, MAX_BATCH_BYTES):
        await _work_on(rows, runtime)
        yield len(rows)
    while await incoming.delete_old(runtime.clock() - KEPT_FOR, MAX_DELETED_ROWS) == MAX_DELETED_ROWS:
        yield 0


async def process_now(source: str, key: str, runtime: JobRuntime) -> None:
    """Process one mail or event now, without the job. Does nothing if the job has processed it meanwhile."""
    if rows := await incoming.take_one(source, key):
        await _work_on(rows, runtime)


async def _work_on(rows: Sequence[IncomingRow], runtime: JobRuntime) -> None:
    try:
        tired = [row for row in rows if row.ended_processes >= MAX_ENDED]
        for row in tired:
            await _give_up_row(row, AnswerCode.STOPPED_PROCESS.message().sentence, runtime.clock())
        await bisect_failures(
            [row for row in rows if row not in tired],
            partial(_process, runtime=runtime),
            partial(_set_aside, runtime=runtime),
            max_set_aside=len(rows),
            reraise=_is_no_fault_of_a_row,
        )
    except (Exception, asyncio.CancelledError):  # the process stops, or the rows are not the cause
        # If the database is unavailable, this attempt counts as an ended process.
        await incoming.postpone([row.id for row in rows], runtime.clock(), "", counts=False)
        raise


def _is_no_fault_of_a_row(problem: BaseException) -> bool:
    return is_database_fault(problem) or isinstance(problem, WorkersBusyError | WorkersClosedError)


async def _process(rows: Sequence[IncomingRow], *, runtime: JobRuntime) -> None:
    """Read rows, find their emails and apply them."""
    read = await _read(rows, runtime)
    answers = list[ReadRow]()
    for each in read:
        answer = each if each.own_mail is None else await apply_own_mail(each, each.own_mail, runtime)
        if answer is not None:
            answers.append(answer)
    matched = await _match(answers)
    together = [row for row in matched if not row.suppresses]
    if together:
        await apply(together, runtime)
    for row in matched:
        if row.suppresses:
            await apply_with_suppression(row, runtime)


async def _read(rows: Sequence[IncomingRow], runtime: JobRuntime) -> list[ReadRow]:
    arguments = rows, runtime.return_addresses, runtime.unsubscribe_addresses
    if all(row.ended_processes < ENDED_BEFORE_WORKER for row in rows):
        return await asyncio.to_thread(read_rows, *arguments)
    try:
        return await run(read_rows, *arguments, limits=READING_LIMITS)
    except LimitExceededError as problem:
        raise Refusal.of(AnswerCode.STOPPED_PROCESS) from problem


async def _match(read: Sequence[ReadRow]) -> list[MatchedRow]:
    findings = [finding for each in read for finding in each.findings]
    found = dict(zip(map(id, findings), await match(findings), strict=True))
    return [MatchedRow(each, tuple(one for finding in each.findings for one in found[id(finding)])) for each in read]


async def _set_aside(row: IncomingRow, reason: str, *, runtime: JobRuntime) -> None:
    """Try a row again later that failed, or give it up."""
    now, errors = runtime.clock(), row.errors + 1
    if errors >= MAX_ATTEMPTS:
        await _give_up_row(row, reason, now)
        return
    wait = min(FIRST_WAIT * 2 ** (errors - 1), LONGEST_WAIT)
    await incoming.postpone([row.id], now + wait, reason, counts=True)


async def _give_up_row(row: IncomingRow, reason: str, now: datetime) -> None:
    log.error("the incoming mail or event %s of %s fails and is set aside: %s", row.id, row.source, reason)
    async with transaction():
        if await incoming.lock_open([row.id]):
            await incoming.write_results([Result(row.id, row.kind, IncomingResult.FAILED, reason)], now)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    while True:
        async for rows in answer_chunks(runtime):
            yield rows
        if await jobs.finish_when_done(job, runtime.clock(), _has_rows):
            return
        next_due = await incoming.next_due()
        if next_due is not None:
            yield max(timedelta(), min(next_due - runtime.clock(), MAX_WAIT))


async def _has_rows() -> bool:
    return await incoming.next_due() is not None


async def _start_if_needed(runtime: JobRuntime) -> None:
    """Start the job if there are unprocessed rows, such as after a job that failed."""
    async with transaction():
        if await _has_rows():
            await jobs.keep_open(ANSWERS_JOB, None, ANSWERS_SUBJECT, runtime.clock())


ANSWERS = JobKind(ANSWERS_JOB, JobPriority.URGENT, _work, None, start_if_needed=_start_if_needed)
