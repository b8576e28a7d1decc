"""Writes to a CRM that failed: the list of them, retrying and dropping one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.crm_task_states import CrmChangeKind
from api.models import CrmChange
from api.sorts import CrmFailureSort, Order
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import execute, in_values, of_workspace
from plugins.crms.codes import CrmCategory

KEYS = {CrmFailureSort.FAILED_AT: SortKey("failed_at", datetime)}
WAITS_FOR_USER, IS_RETRIED = Condition("state = 'FAILED'"), Condition("state = 'WAITING'")


@dataclass(frozen=True, slots=True)
class CrmFailureFilter:
    """Which failed writes: those that meet every condition that is not None. An empty list matches none."""

    categories: Sequence[CrmCategory] | None = None
    kinds: Sequence[CrmChangeKind] | None = None
    codes: Sequence[str] | None = None
    object_id: str | None = None
    waits_for_user: bool | None = None


def failures(workspace_id: str, chosen: CrmFailureFilter, order: Order[CrmFailureSort]) -> Listing:
    """Return the failed writes of a filter. An index has those of each category, in the order of their failures."""
    categories = list(CrmCategory) if chosen.categories is None else list(dict.fromkeys(chosen.categories))
    listing = Listing(CrmChange).equal(workspace_id=workspace_id).where("failed_at IS NOT NULL")
    listing = listing.one_of("category", [str(each) for each in categories])
    checks: list[Condition] = []
    if chosen.kinds is not None:
        checks.append(Condition(in_values("kind", "{}"), ([str(each) for each in chosen.kinds],)))
    if chosen.codes is not None:
        checks.append(Condition(in_values("code", "{}"), (list(chosen.codes),)))
    if chosen.object_id is not None:
        listing = listing.equal(object_id=chosen.object_id)
    if chosen.waits_for_user is not None:
        checks.append(WAITS_FOR_USER if chosen.waits_for_user else IS_RETRIED)
    return listing.only_if(*checks).sorted_by(KEYS[order.field], descending=order.descending)


async def retry(workspace_id: str, change_id: str, now: datetime) -> bool:
    """Make a failed write due at once. Returns False if there is none with this id."""
    rows = await execute(
        "UPDATE crm_change SET state = 'WAITING', attempts = 0, next_at = $3"
        f" WHERE id = $2 AND {of_workspace(1)} AND failed_at IS NOT NULL RETURNING id",
        workspace_id, change_id, now,
    )  # fmt: skip
    return bool(rows)


async def drop(workspace_id: str, change_id: str) -> bool:
    """Delete a failed write. Returns False if there is none with this id."""
    rows = await execute(
        f"DELETE FROM crm_change WHERE id = $2 AND {of_workspace(1)} AND failed_at IS NOT NULL RETURNING id",
        workspace_id, change_id,
    )  # fmt: skip
    return bool(rows)
