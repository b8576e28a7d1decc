"""Suppression: an address that has unsubscribed gets nothing from the workspace, whoever has it.

Everything that writes to someone asks for the address; a person has no state of their own. Suppressing an address ends
the campaigns of whoever has it; letting it be written to again brings none of them back.
"""

from collections.abc import Sequence
from datetime import datetime

from api.codes.event_kinds import EventKind
from api.codes.people import PersonCode
from api.mail.address import address_key
from api.models import Person, Suppression
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.enrollments.progress import end_all
from api.states import SuppressionSource
from api.store import suppressions as store
from api.store.engine.rows import need
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import Line, event, write
from api.store.suppressions import NewSuppression
from strategies import Refusal

MAX_REASON = 500


async def unsubscribe(context: WorkspaceContext, person_id: str, reason: str = "") -> Person:
    """Suppress the address that a person has now. A second time changes nothing."""
    person = await need(Person, context.workspace_id, person_id, ("personId",))
    why = _reason(reason, required=False)
    await suppress(context, [NewSuppression(person.email, person.email_key, context.now, why)], SuppressionSource.API)
    return await Person.get(id=person.id)


async def suppress_address(context: WorkspaceContext, email: str, reason: str = "") -> Suppression:
    """Suppress an address, whether or not a person has it. A second time changes nothing. Raises Refusal."""
    address, why = inputs.address(email, ("email",)), _reason(reason, required=False)
    key = address_key(address)
    await suppress(context, [NewSuppression(address, key, context.now, why)], SuppressionSource.API)
    return await Suppression.get(workspace_id=context.workspace_id, email_key=key)


@retry_on_deadlock
async def suppress(
    context: WorkspaceContext, given: Sequence[NewSuppression], source: SuppressionSource, *, quiet: bool = False
) -> int:
    """Suppress addresses and end the campaigns of everyone who has one of them, all in one transaction.

    Returns how many were not suppressed before. ``quiet`` tells the Live Feed of those alone that a person has.
    """
    by_key = {each.email_key: each for each in given}
    async with transaction():
        await store.lock_addresses(context.workspace_id)
        new = await store.suppress(context.workspace_id, given, source, context.actor)
        # Also of those that were suppressed before: nothing is left running, whatever happened meanwhile.
        people = await store.lock_people_of(context.workspace_id, list(by_key))
        owners = {row["email_key"]: row["id"] for row in await Person.filter(id__in=people).values("id", "email_key")}
        told = [key for key in new if key in owners or not quiet]
        await write(
            [_event(context, EventKind.UNSUBSCRIBED, by_key[key].email, owners.get(key), source) for key in told]
        )
        await end_campaigns(context, people)
    return len(new)


async def end_campaigns(context: WorkspaceContext, person_ids: list[str]) -> None:
    """End all campaigns of people whose address is suppressed. Call inside a transaction."""
    enrollments = await store.enrollments_of(person_ids)
    if enrollments:
        detail = "The address has unsubscribed."
        await end_all(enrollments, context.now, reason="UNSUBSCRIBED", detail=detail, send_reason="UNSUBSCRIBED")


@retry_on_deadlock
async def resubscribe(context: WorkspaceContext, email: str, reason: str) -> Suppression:
    """Let an address be written to again. Campaigns that have ended stay ended. Raises Refusal."""
    address, why = inputs.address(email, ("email",)), _reason(reason, required=True)
    key = address_key(address)
    async with transaction():
        await store.lock_addresses(context.workspace_id)
        if not await store.release(context.workspace_id, key, context.now, why, context.actor):
            raise Refusal.of(PersonCode.NOT_UNSUBSCRIBED, ("email",), address=address)
        owner = await Person.get_or_none(workspace_id=context.workspace_id, email_key=key)
        person = owner.id if owner else None
        await write([_event(context, EventKind.RESUBSCRIBED, address, person, SuppressionSource.API)])
    return await Suppression.get(workspace_id=context.workspace_id, email_key=key)


async def refuse_suppressed(person: Person, path: tuple[str, ...]) -> None:
    """Refuse to schedule anything for a person whose address is suppressed. Call in the transaction that does."""
    if await store.suppressed_people([person.id]):
        raise _unsubscribed(person, path)


async def check_address_of(person: Person, path: tuple[str, ...]) -> None:
    """Refuse to show what would be written to a person whose address is suppressed."""
    if await store.suppressed_keys(person.workspace_id, [person.email_key]):
        raise _unsubscribed(person, path)


def _unsubscribed(person: Person, path: tuple[str, ...]) -> Refusal:
    return Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email)


def _reason(reason: str, *, required: bool) -> str:
    return inputs.line(reason, ("reason",), limit=MAX_REASON, required=required)


def _event(
    context: WorkspaceContext, kind: EventKind, email: str, person_id: str | None, source: SuppressionSource
) -> Line:
    at: datetime = context.now
    return event(context.workspace_id, kind, at, person_id=person_id, data={"email": email, "source": str(source)})
