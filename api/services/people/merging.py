"""Merge two records of the same person. Everything of one person moves to the other, who keeps their own address.

If the deleted person's address is suppressed, the remaining one is suppressed too, because the same person has
unsubscribed.

A person can have very many emails outside campaigns, tasks and events. One transaction moves what still happens, all of
the campaigns, and the first ROWS_PER_CHUNK other rows. Each further chunk is one short transaction. The request carries
out all of them, and a background job continues if its process ends. The event PEOPLE_MERGED has the id of the person
whose rows move.
"""

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.refusals.people import PersonCode
from api.models import Job, Person
from api.services.common.emails.claim_release import release_claimed
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_changes import FactFollower
from api.services.jobs.caller_chunks import carry_out
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.people.people import MAX_FIELDS
from api.services.people.suppressions import end_campaigns, suppress
from api.states import SuppressionSource
from api.store import jobs
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from api.store.people import merging as store
from api.store.people.erasing import lock_emails
from api.store.people.former_addresses import add_former_address
from api.store.people.suppressions import NewSuppression, fill_in_recipients, prevent_new_addresses, suppressed_people
from strategies import Refusal

MERGE_JOB = "merge_people"
ROWS_PER_CHUNK = 500
"""The most emails, tasks and events of the past that one transaction moves: about 20 ms of CPU time on SQLite."""
FILLED = ("first_name", "last_name", "title", "company", "zone")
"""Columns that the remaining person gets from the other one, if they have no value."""

MERGED = "Another address of this person has unsubscribed. The two people were merged."
"""The reason of the suppression, in its history."""


async def merge_people(context: WorkspaceContext, source_id: str, target_id: str) -> Person:
    """Move everything of the person ``source_id`` to ``target_id``, and remove the former. Raises Refusal."""
    row, job = await _merge(context, source_id, target_id)
    if job is not None:
        await carry_out(job, move_chunks(row.id), context.clock)
    await release_claimed(context, "person_id", row.id)
    return row


@retry_on_deadlock
async def _merge(context: WorkspaceContext, source_id: str, target_id: str) -> tuple[Person, Job | None]:
    if source_id == target_id:
        raise Refusal.of(PersonCode.MERGE_CONFLICT, ("into",), case="same")
    async with transaction():
        await prevent_new_addresses(context.workspace_id)
        await store.lock_people(source_id, target_id)
        source = await get_or_refuse(Person, context.workspace_id, source_id, ("from",))
        target = await get_or_refuse(Person, context.workspace_id, target_id, ("into",))
        # The outcome of an email in transmission is written with the id of the person who is removed.
        if await lock_emails(source.id):
            raise Refusal.of(EmailCode.EMAIL_LEAVING, ("from",))
        if campaigns := await store.campaigns_of_both(source.id, target.id):
            raise Refusal.of(PersonCode.MERGE_CONFLICT, ("from",), campaigns=", ".join(campaigns)[:300])
        fields = {**source.own_fields, **target.own_fields}
        if len(fields) > MAX_FIELDS:
            raise Refusal.of(PersonCode.INVALID_FIELDS, ("from",), case="too_many", limit=MAX_FIELDS)
        unsubscribed = await suppressed_people([source.id, target.id])
        await fill_in_recipients(source.id, source.email)
        follower = FactFollower(context.installed.send_options)
        before = follower.facts([source, target])
        target.update_from_dict({name: getattr(target, name) or getattr(source, name) for name in FILLED})
        target.own_fields = fields
        target.replied_at = max(filter(None, (source.replied_at, target.replied_at)), default=None)
        await target.save(update_fields=[*FILLED, "own_fields", "replied_at"])
        await add_former_address(context.workspace_id, target.id, source.email_key)
        await store.move_rows(context.workspace_id, source.id, target.id)
        await store.hide(source.id, context.now)
        for facts in before.values():  # the campaigns of both people now read the facts of the remaining person
            await follower.changed(context.workspace_id, {target.id: facts}, [target], context.clock)
        if target.id in unsubscribed:
            await end_campaigns(context, [target.id])
        elif unsubscribed:
            row = NewSuppression(target.email, target.email_key, context.now, MERGED)
            await suppress(context, [row], SuppressionSource.API)
        event = workspace_event(
            context.workspace_id, EventKind.PEOPLE_MERGED, context.now, data={"from": source.id}, person_id=target.id
        )
        await write([event])
        job = await _start_moving(context, source_id, target_id)
    context.wake()
    return target, job


async def _start_moving(context: WorkspaceContext, source_id: str, target_id: str) -> Job | None:
    """Move the first chunk. Returns the job for the rest, which the caller carries out, if there is any."""
    await store.move_history(source_id, target_id, ROWS_PER_CHUNK)
    if await store.unfinished_source(target_id) is None:
        return None
    now = context.clock()
    await jobs.start(MERGE_JOB, context.workspace_id, target_id, now, lease_until=now + jobs.LEASE)
    return await jobs.open_job(MERGE_JOB, target_id)


async def move_chunks(person_id: str) -> Chunks:
    """Move the past of all people who were merged into a person. Some of it may have moved already."""
    while source_id := await store.unfinished_source(person_id):
        while moved := await _move_chunk(source_id, person_id):
            yield moved
        if moved is None:
            return


@retry_on_deadlock
async def _move_chunk(source_id: str, person_id: str) -> int | None:
    """Move one chunk. Returns None if the person was merged or erased meanwhile. That change moves the other rows."""
    async with transaction():
        if not await store.lock_remaining(person_id):
            return None
        return await store.move_history(source_id, person_id, ROWS_PER_CHUNK)


async def finish_moving(person_id: str) -> None:
    """Move the remaining rows of earlier merges. Call it in the transaction that locks and erases the person."""
    while source_id := await store.unfinished_source(person_id):
        await store.move_history(source_id, person_id, ROWS_PER_CHUNK)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    async for moved in move_chunks(job.subject_id):
        yield moved


MERGE = JobKind(MERGE_JOB, JobPriority.BULK, _work, None)
