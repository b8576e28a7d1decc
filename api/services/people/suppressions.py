"""Suppression: a workspace sends nothing to an address that has unsubscribed.

A suppression belongs to the address, not to a person: code that sends checks the address. Suppressing an address ends
the campaigns of the person who has it. Ending the suppression does not restart them.
"""

from collections.abc import Sequence

from api.codes.crm.person_records import CrmPersonCode
from api.codes.events.event_kinds import EventKind
from api.codes.refusals.people import PersonCode
from api.mail.address import address_key
from api.models import Person, Suppression
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.states import SuppressionSource
from api.store import unsubscribed_emails
from api.store.crm.person_records import opted_out_there
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Line, workspace_event, write
from api.store.people import suppressions as store
from api.store.people.suppressions import NewSuppression
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_REASON_CHARACTERS = 500
MAX_SHOWN_RECORDS = 5
"""Records of the CRM that a refusal lists."""
OWN_SOURCES = frozenset({SuppressionSource.LINK, SuppressionSource.ONE_CLICK})
"""Sources of an unsubscribe that the recipient can undo on the page: the link and the button of an email."""


async def unsubscribe(context: WorkspaceContext, person_id: str, reason: str = "") -> Person:
    """Suppress a person's current address. If it is already suppressed, nothing changes."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    why = _reason(reason, required=False)
    await suppress(context, [NewSuppression(person.email, person.email_key, context.now, why)], SuppressionSource.API)
    return await Person.get(id=person.id)


async def suppress_address(context: WorkspaceContext, email: str, reason: str = "") -> Suppression:
    """Suppress an address, whether or not a person has it. If it is already suppressed, nothing changes.

    Raises Refusal.
    """
    address, why = _address_and_reason(email, reason, required=False)
    key = address_key(address)
    await suppress(context, [NewSuppression(address, key, context.now, why)], SuppressionSource.API)
    return await Suppression.get(workspace_id=context.workspace_id, email_key=key)


@retry_on_deadlock
async def suppress(
    context: WorkspaceContext,
    addresses: Sequence[NewSuppression],
    source: SuppressionSource,
    *,
    quiet: bool = False,
    email_id: str | None = None,
) -> int:
    """Suppress addresses, and end the campaigns of the people who have them, in one transaction.

    Returns how many addresses are newly suppressed. With ``quiet`` only addresses of people get an event in the Live
    Feed. Reports count a new suppression for the email ``email_id``, or, if an email's link caused it, for the last
    email.
    """
    by_key = {each.email_key: each for each in addresses}
    async with transaction():
        await store.prevent_new_addresses(context.workspace_id)
        new = await store.suppress(context.workspace_id, addresses, source, context.actor)
        # Lock emails first, then people.
        if new and email_id is not None:
            await unsubscribed_emails.mark_emails([email_id], context.now)
        elif new and source in OWN_SOURCES:
            await unsubscribed_emails.mark_last_emails(context.workspace_id, new, context.now)
        # Include addresses that were already suppressed, so that no campaign stays active for their people.
        people = await store.lock_people_of(context.workspace_id, list(by_key))
        owners = {row["email_key"]: row["id"] for row in await Person.filter(id__in=people).values("id", "email_key")}
        reported = [key for key in new if key in owners or not quiet]
        await write(
            [_event(context, EventKind.UNSUBSCRIBED, by_key[key].email, owners.get(key), source) for key in reported]
        )
        await end_campaigns(context, people)
    return len(new)


async def end_campaigns(context: WorkspaceContext, person_ids: list[str]) -> None:
    """End the campaigns of people whose address is suppressed, except transactional ones. Call inside a transaction."""
    enrollments = await store.enrollments_to_end(person_ids)
    if enrollments:
        why = PersonCode.UNSUBSCRIBED.message("ended")
        await end_all(enrollments, context.now, why=why, send_reason=why.code)


@retry_on_deadlock
async def resubscribe(context: WorkspaceContext, email: str, reason: str) -> Suppression:
    """End the suppression of an address. Campaigns that have ended stay ended. Raises Refusal.

    It is refused while a CRM record with this address has opted out there: both sides must allow emails.
    """
    address, why = _address_and_reason(email, reason, required=True)
    key = address_key(address)
    async with transaction():
        await store.prevent_new_addresses(context.workspace_id)
        if records := await opted_out_there(context.workspace_id, key, also_ours=True):
            ids = ", ".join(str(row.remote_id) for row in records[:MAX_SHOWN_RECORDS])
            raise Refusal.of(CrmPersonCode.CRM_OPTED_OUT, ("email",), address=address, ids=ids)
        if not await release(context, address, why, SuppressionSource.API):
            raise Refusal.of(PersonCode.NOT_UNSUBSCRIBED, ("email",), address=address)
    return await Suppression.get(workspace_id=context.workspace_id, email_key=key)


async def release(context: WorkspaceContext, email: str, reason: str, source: SuppressionSource) -> bool:
    """End the suppression of an address, with its event. Call after ``prevent_new_addresses``, in its transaction.

    Returns False if the address was not suppressed.
    """
    key = address_key(email)
    if not await store.release(context.workspace_id, key, context.now, reason, source, context.actor):
        return False
    if source is SuppressionSource.UNDO:
        await unsubscribed_emails.unmark_emails(context.workspace_id, key)
    owner = await Person.get_or_none(workspace_id=context.workspace_id, email_key=key)
    await write([_event(context, EventKind.RESUBSCRIBED, email, owner.id if owner else None, source)])
    return True


def _address_and_reason(email: str, reason: str, *, required: bool) -> tuple[str, str]:
    refusals = RefusalCollector()
    with refusals:
        email = inputs.address(email, ("email",))
    with refusals:
        reason = _reason(reason, required=required)
    refusals.raise_any()
    return email, reason


def _reason(reason: str, *, required: bool) -> str:
    return inputs.line(reason, ("reason",), limit=MAX_REASON_CHARACTERS, required=required)


def _event(
    context: WorkspaceContext, kind: EventKind, email: str, person_id: str | None, source: SuppressionSource
) -> Line:
    data = {"email": email, "source": str(source)}
    return workspace_event(context.workspace_id, kind, context.now, data=data, person_id=person_id)
