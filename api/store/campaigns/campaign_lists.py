"""Lists of campaigns by a filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.models import Campaign
from api.sorts import CampaignSort, Order
from api.states import CampaignStatus, campaign_status
from api.store.campaigns.campaign_status import NOT_DELETED, STATUS
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.named_lists import BY_NAME, equal, named_list

FACTS = ("archived_at", "ending_at", "paused_at", "resume_requested_at", "launched_at", "finished_at")
"""The columns from which the status follows."""
KEYS: dict[StrEnum, SortKey | None] = {
    CampaignSort.CREATED: None,
    CampaignSort.NAME: BY_NAME,
    CampaignSort.STATUS: SortKey("status", expression=STATUS, read=FACTS, value_of=campaign_status),
}
USES_TEMPLATE = "id IN (SELECT campaign_id FROM step WHERE template_id = {} AND removed_at IS NULL)"
"""SQL condition: a campaign has a step with a template."""


@dataclass(frozen=True, slots=True)
class CampaignFilter:
    """Which campaigns: those that meet every condition that is not None. An empty list matches none."""

    search: str | None = None
    statuses: Sequence[CampaignStatus] | None = None
    category_id: str | None = None
    sender_id: str | None = None
    template_id: str | None = None


async def campaigns(workspace_id: str, chosen: CampaignFilter, order: Order[CampaignSort] | None) -> Listing:
    """Return the campaigns of a filter: without an order, as they were created. Raises Refusal TOO_MANY_TO_SORT."""
    everything = Listing(Campaign).equal(workspace_id=workspace_id).where(NOT_DELETED)
    if chosen.template_id is not None:
        using = everything.where(USES_TEMPLATE, chosen.template_id)
        everything = await small_list([using], ("filter", "templateId"))
    conditions = equal(category_id=chosen.category_id, sender_id=chosen.sender_id)
    if chosen.statuses is not None:
        statuses = dict.fromkeys(chosen.statuses)
        conditions.append([Condition(f"{STATUS} = {{}}", (status,)) for status in statuses])
    return await named_list(everything, conditions, order, keys=KEYS, search=chosen.search)
