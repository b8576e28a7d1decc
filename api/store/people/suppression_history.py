"""The history of suppressed addresses: the list of an address's changes, and the reasons that recipients give."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.models import Suppression, SuppressionChange
from api.states import SuppressionChangeKind, SuppressionSource, UnsubscribeReason
from api.store.engine.listing.listing import Listing
from api.store.engine.sql import execute, in_list, instant


class LastChange(NamedTuple):
    """The last change of an address: when (UTC), what, and where it came from."""

    id: str
    email_key: str
    kind: SuppressionChangeKind
    source: SuppressionSource
    at: datetime


async def history(workspace_id: str, email_key: str) -> Listing:
    """Return the changes of an address, the oldest first."""
    row = await Suppression.get_or_none(workspace_id=workspace_id, email_key=email_key).only("id")
    return Listing(SuppressionChange).equal(suppression_id=row.id if row else "")


async def last_changes(workspace_id: str, email_keys: Sequence[str]) -> list[LastChange]:
    """Return the last change of each of these normalised addresses that has one."""
    rows = await execute(
        "SELECT suppression_change.id, email_key, kind, suppression_change.source, at FROM suppression"
        " JOIN suppression_change ON suppression_change.id = (SELECT change.id FROM suppression_change AS change"
        " WHERE change.suppression_id = suppression.id ORDER BY change.id DESC LIMIT 1)"
        f" WHERE suppression.workspace_id = $1 AND {in_list('email_key', 2)}",
        workspace_id,
        list(email_keys),
    )
    return [
        LastChange(
            row["id"],
            row["email_key"],
            SuppressionChangeKind(row["kind"]),
            SuppressionSource(row["source"]),
            instant(row["at"]),
        )
        for row in rows
    ]


async def keep_recipient_reason(
    workspace_id: str, change_ids: Sequence[str], reason: UnsubscribeReason | None, comment: str
) -> None:
    """Store the recipient's reason and comment with changes."""
    await SuppressionChange.filter(workspace_id=workspace_id, id__in=list(change_ids)).update(
        recipient_reason=reason, recipient_comment=comment
    )
