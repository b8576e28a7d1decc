"""Lists of suppressed addresses by a filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.models import Suppression
from api.sorts import Order, SuppressionSort
from api.states import SuppressionSource
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import in_byte_order
from api.store.people.person_search import begins_with

KEYS = {
    SuppressionSort.CREATED: None,
    SuppressionSort.EMAIL: SortKey("email_key", unique=True),
    SuppressionSort.UNSUBSCRIBED_AT: SortKey("unsubscribed_at", datetime),
}


@dataclass(frozen=True, slots=True)
class SuppressionFilter:
    """Which addresses: those that meet every condition that is not None. An empty list matches none."""

    address_begins: str | None = None
    """The beginning of an address, in its normal form."""
    sources: Sequence[SuppressionSource] | None = None
    since: datetime | None = None
    before: datetime | None = None

    def addresses(self) -> list[Condition]:
        """Return the condition on addresses, if there is one."""
        begins = self.address_begins
        return [] if begins is None else [begins_with(in_byte_order("email_key"), begins)]

    def dates(self) -> list[Condition]:
        """Return the conditions on when the addresses unsubscribed."""
        limits = (("unsubscribed_at >= {}", self.since), ("unsubscribed_at < {}", self.before))
        return [Condition(sql, (value,)) for sql, value in limits if value is not None]


async def suppressions(workspace_id: str, chosen: SuppressionFilter, order: Order[SuppressionSort] | None) -> Listing:
    """Return the addresses of a filter that are unsubscribed now. Raises Refusal TOO_MANY_TO_SORT.

    Without an order, they come by address if the filter limits addresses, or by date if it has dates or sources.
    """
    everything = Listing(Suppression).equal(workspace_id=workspace_id).where("unsubscribed_at IS NOT NULL")
    by_address = chosen.addresses()
    by_date = chosen.sources is not None or bool(chosen.dates())
    if order is None:
        order = Order(_usual_order(by_address=bool(by_address), by_date=by_date))
    sources = list(SuppressionSource) if chosen.sources is None else list(dict.fromkeys(chosen.sources))
    dated = _either_each(everything.one_of("source", sources), chosen.dates())
    narrow = [_either_each(everything, by_address)] if by_address else []
    narrow += [dated] if by_date else []
    if (
        len(narrow) > 1
        or (by_address and order.field is not SuppressionSort.EMAIL)
        or (by_date and order.field is not SuppressionSort.UNSUBSCRIBED_AT)
    ):
        short = _either_each(await small_list(narrow, ("orderBy",)), [*by_address, *chosen.dates()])
        listing = short if chosen.sources is None else short.one_of("source", sources)
    elif order.field is SuppressionSort.UNSUBSCRIBED_AT:
        listing = dated
    else:
        listing = _either_each(everything, by_address)
    return listing.sorted_by(KEYS[order.field], descending=order.descending)


def _usual_order(*, by_address: bool, by_date: bool) -> SuppressionSort:
    if by_address:
        return SuppressionSort.EMAIL
    return SuppressionSort.UNSUBSCRIBED_AT if by_date else SuppressionSort.CREATED


def _either_each(listing: Listing, conditions: Sequence[Condition]) -> Listing:
    """Return the rows that meet all conditions."""
    for condition in conditions:
        listing = listing.either(condition)
    return listing
