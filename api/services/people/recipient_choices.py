"""Actions of recipients themselves: unsubscribe by a link, undo it, and say why they unsubscribed.

The link of an email allows this for the address to which the email was sent. Undoing is possible for UNDO_PERIOD, if
the address has no later change. So neither an old page nor a repeated request ends a later unsubscribe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.mail.address import address_key
from api.mail.text_checks import storable_text
from api.services.common.request_context import WorkspaceContext
from api.services.people.suppressions import OWN_SOURCES, release, suppress
from api.states import SuppressionChangeKind, SuppressionSource, UnsubscribeReason
from api.store.crm.person_records import opted_out_there
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.people import suppressions as store
from api.store.people.suppression_history import LastChange, keep_recipient_reason, last_changes
from api.store.people.suppressions import NewSuppression

UNDO_PERIOD = timedelta(minutes=10)
"""How long a recipient can undo an unsubscribe."""
REASON_PERIOD = timedelta(days=1)
"""How long a recipient can say why they unsubscribed."""
MAX_COMMENT_CHARACTERS = 500
REASONS = {
    SuppressionSource.LINK: "The recipient used the unsubscribe link in an email.",
    SuppressionSource.ONE_CLICK: "The recipient's mail program used one-click unsubscribing.",
    SuppressionSource.UNDO: "The recipient undid the unsubscribe.",
}
"""The reason in the history, by source."""


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """Whether addresses have unsubscribed, and which actions their recipient still has."""

    unsubscribed: bool
    """Whether all of the addresses have unsubscribed."""
    change_ids: tuple[str, ...] = ()
    """The last changes, if the recipient made them."""
    may_undo: bool = False
    may_explain: bool = False


async def unsubscribe_recipient(
    context: WorkspaceContext, addresses: Sequence[str], source: SuppressionSource
) -> tuple[RecipientStatus, bool]:
    """Suppress addresses at their recipient's request. Returns their status, and whether anything has changed."""
    rows = [NewSuppression(email, address_key(email), context.now, REASONS[source]) for email in addresses]
    new = await suppress(context, rows, source)
    return await recipient_status(context, addresses), bool(new)


async def recipient_status(context: WorkspaceContext, addresses: Sequence[str]) -> RecipientStatus:
    """Return the status of addresses."""
    keys = sorted({address_key(email) for email in addresses})
    changes = await last_changes(context.workspace_id, keys)
    if len(changes) < len(keys) or not all(map(_unsubscribes, changes)):
        return RecipientStatus(unsubscribed=False)
    own = [change for change in changes if change.source in OWN_SOURCES]
    ids = tuple(sorted(change.id for change in own))
    return RecipientStatus(True, ids, _within(own, UNDO_PERIOD, context.now), _within(own, REASON_PERIOD, context.now))


@retry_on_deadlock
async def undo_unsubscribe(context: WorkspaceContext, addresses: Sequence[str], change_ids: Sequence[str]) -> bool:
    """End the suppressions that these changes started. Campaigns that have ended stay ended.

    Returns False, and changes nothing, if UNDO_PERIOD is over, if there is a later change, or if a CRM record with this
    address has opted out there.
    """
    async with transaction():
        # No other change of suppressions happens until the transaction ends.
        await store.prevent_new_addresses(context.workspace_id)
        status = await recipient_status(context, addresses)
        if not status.may_undo or list(status.change_ids) != sorted(change_ids):
            return False
        changes = await last_changes(context.workspace_id, [address_key(email) for email in addresses])
        for change in changes:
            if await opted_out_there(context.workspace_id, change.email_key, also_ours=False):
                return False
        undone = {change.email_key for change in changes if change.id in status.change_ids}
        for email in addresses:
            if address_key(email) in undone:
                await release(context, email, REASONS[SuppressionSource.UNDO], SuppressionSource.UNDO)
    return True


async def explain_unsubscribe(
    context: WorkspaceContext,
    addresses: Sequence[str],
    change_ids: Sequence[str],
    reason: UnsubscribeReason | None,
    comment: str,
) -> bool:
    """Keep why a recipient unsubscribed, in the history. The last answer counts.

    Returns False, and changes nothing, if REASON_PERIOD is over, or if there is a later change.
    """
    async with transaction():
        await store.prevent_new_addresses(context.workspace_id)
        status = await recipient_status(context, addresses)
        if not status.may_explain or list(status.change_ids) != sorted(change_ids):
            return False
        text = storable_text(comment.strip(), MAX_COMMENT_CHARACTERS)
        await keep_recipient_reason(context.workspace_id, status.change_ids, reason, text)
    return True


def _unsubscribes(change: LastChange) -> bool:
    return change.kind is SuppressionChangeKind.UNSUBSCRIBED


def _within(changes: Sequence[LastChange], period: timedelta, now: datetime) -> bool:
    return bool(changes) and all(now < change.at + period for change in changes)
