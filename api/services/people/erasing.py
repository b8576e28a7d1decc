"""Erase the personal data of a person (GDPR). docs/privacy.md lists the data that is deleted, and the rest.

One transaction ends the person's campaigns, and erases the person and the first ROWS_PER_CHUNK emails, tasks and
events. Each further chunk is one short transaction, so that other changes do not wait. The request carries out all of
them, and a background job continues if its process ends. An address that has unsubscribed stays suppressed.
"""

from typing import NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.models import Job, Person
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.services.jobs.caller_chunks import carry_out
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.people.merging import finish_moving, move_chunks
from api.store import jobs
from api.store.crm.person_records import erase_records
from api.store.engine.rows import find, get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.event_feed import Place
from api.store.events.events import workspace_event, write
from api.store.people import erasing
from api.store.people.groups import leave_groups
from api.store.people.merging import lock_people
from api.store.people.suppressions import prevent_suppressions
from strategies import Refusal

ERASE_JOB = "erase_person"
MAX_ONE_OFF_EMAILS = 200
"""One-off emails whose texts are erased with the decision. The rest follows in chunks."""
ROWS_PER_CHUNK = 200
"""The most emails, tasks or events that one transaction erases: about 20 ms of CPU time on SQLite."""
KEPT_EVENT_DATA = frozenset(
    {
        *("after", "at", "before", "bounce", "due", "elsewhere", "launch", "matchedBy", "outcome", "parts", "reason"),
        *("source", "step", "type", "actor"),
    }
)
"""The values of events that do not identify the person."""


class Places(NamedTuple):
    """After which email, task and event of a person the next chunk begins; None if there are no more."""

    email: str | None = ""
    task: str | None = ""
    event: Place | None = Place(-1, "")

    @property
    def are_left(self) -> bool:
        """Whether there are more rows of any kind."""
        return any(place is not None for place in self)


EVERYTHING = Places()


async def erase_person(context: WorkspaceContext, person_id: str) -> str:
    """Erase a person, and return the id when everything is erased. An erased person is erased again. Raises Refusal."""
    if await find(Person, context.workspace_id, person_id) is not None:
        async for _ in move_chunks(person_id):  # move the events of an unfinished merge first
            pass
    job, places = await _decide(context, person_id)
    context.wake()
    if job is not None:
        await carry_out(job, erase_chunks(person_id, places), context.clock)
    return person_id


@retry_on_deadlock
async def _decide(context: WorkspaceContext, person_id: str) -> tuple[Job | None, Places]:
    """Erase a person, and the first chunk. Returns the job for the rest, which the caller carries out, if there is any.

    If the person was already erased, the job erases all rows again, because an earlier release may have missed some.
    """
    async with transaction():
        places = EVERYTHING
        if not await erasing.is_erased(context.workspace_id, person_id):
            await _end_and_erase(context, person_id)
            places = await _erase_next(person_id, places)
        if not places.are_left:
            return None, places
        now = context.clock()
        await jobs.start(ERASE_JOB, context.workspace_id, person_id, now, lease_until=now + jobs.LEASE)
        return await jobs.open_job(ERASE_JOB, person_id), places


async def _end_and_erase(context: WorkspaceContext, person_id: str) -> None:
    """End the person's campaigns, and erase the rows that are not erased in chunks."""
    await prevent_suppressions(context.workspace_id)
    await lock_people(person_id)
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("id",))
    await finish_moving(person_id)
    if await erasing.lock_emails(person.id):
        raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",))
    enrollments = await erasing.enrollment_ids(person.id)
    why = ReasonCode.REMOVED.message()
    await end_all(enrollments, context.now, why=why, send_reason=why.code)
    await erasing.fail_one_off_emails(person.id, context.now, why.code)
    await erasing.erase_one_off_emails(person.id, MAX_ONE_OFF_EMAILS)
    await erasing.cancel_tasks(person.id, context.now)
    await erasing.erase_texts(person.id, enrollments)
    await leave_groups([person.id])
    await erasing.erase_suppression(context.workspace_id, person.email_key)
    await erasing.erase_quoted_addresses(context.workspace_id, {person.email, person.email_key})
    await erasing.erase_crm_failures(context.workspace_id, person.id)
    await erase_records(person.id)
    await erasing.erase_person(person.id, context.now)
    await write([workspace_event(context.workspace_id, EventKind.PERSON_ERASED, context.now, person_id=person.id)])


async def erase_chunks(person_id: str, places: Places = EVERYTHING) -> Chunks:
    """Erase the emails, tasks and events of an erased person after these places. Some may be erased already."""
    while places.are_left:
        places = await _erase_chunk(person_id, places)
        yield 1


@retry_on_deadlock
async def _erase_chunk(person_id: str, places: Places) -> Places:
    async with transaction():
        return await _erase_next(person_id, places)


async def _erase_next(person_id: str, places: Places) -> Places:
    """Erase up to ROWS_PER_CHUNK emails, tasks and events each. Returns the places after them."""
    email, task, event = places
    if email is not None:
        email = await erasing.erase_emails(person_id, email, ROWS_PER_CHUNK)
    if task is not None:
        task = await erasing.erase_tasks(person_id, task, ROWS_PER_CHUNK)
    if event is not None:
        event = await erasing.erase_events(person_id, event, ROWS_PER_CHUNK, KEPT_EVENT_DATA)
    return Places(email, task, event)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    async for chunks in erase_chunks(job.subject_id):
        yield chunks


ERASE = JobKind(ERASE_JOB, JobPriority.BULK, _work, None)
