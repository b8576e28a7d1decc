"""People: the list of them, and the recipients of emails."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.models import Person
from api.sorts import Order, PersonSort
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import listed, small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.row_reader import read_where
from api.store.engine.sql import Row, Texts, execute, in_byte_order, in_list, in_texts, without_case
from api.store.people.person_facts import ANYONE, PersonFacts
from api.store.people.person_search import begins_with, people_found
from api.store.people.suppressions import UNSUBSCRIBED_AT

KEYS = {
    PersonSort.CREATED: None,
    PersonSort.EMAIL: SortKey("email_key", unique=True),
    PersonSort.FIRST_NAME: SortKey("first_name", ignores_case=True),
    PersonSort.LAST_NAME: SortKey("last_name", ignores_case=True),
    PersonSort.COMPANY: SortKey("company", ignores_case=True),
    PersonSort.REPLIED_AT: SortKey("replied_at", datetime, nullable=True),
}
HAS_FIELD_POSTGRES = "own_fields ->> {}::text = {}::text"
HAS_FIELD_SQLITE = "EXISTS (SELECT 1 FROM json_each(own_fields) WHERE key = {} AND value = {})"


async def recipients(person_ids: Sequence[str]) -> Sequence[Row]:
    """Return people with the columns of ``Recipient``, in its order."""
    return await execute(
        "SELECT id, workspace_id, email, first_name, last_name, title, company, own_fields,"
        f" {UNSUBSCRIBED_AT} IS NOT NULL AS unsubscribed, bounced_at IS NOT NULL AS bounced"
        f" FROM person WHERE {in_texts('id', 1)}",
        Texts(person_ids),
    )


FACT_COLUMNS = frozenset({"id", "email", "first_name", "last_name", "title", "company", "zone", "own_fields"})
"""The columns of people that send options can read."""


async def option_facts(person_ids: Collection[str]) -> list[Any]:
    """Return people with the columns that send options can read, read-only."""
    return await read_where(Person, in_list("id", 1), list(person_ids), columns=FACT_COLUMNS)


async def lock_present(person_ids: Sequence[str]) -> set[str]:
    """Return those of these people who exist and are not erased.

    No other transaction merges or erases them before the commit.
    """
    present, ids = f"SELECT id FROM person WHERE {in_list('id', 1)}", list(person_ids)
    if is_postgres():  # a separate statement: the next one sees changes that committed while this one waited
        await execute(f"{present} ORDER BY id FOR SHARE", ids)
    return {row["id"] for row in await execute(f"{present} AND erased_at IS NULL", ids)}


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Which people: those that meet every condition that is not None."""

    search: str | None = None
    address_begins: str | None = None
    """The beginning of an address, in its normal form."""
    company: str | None = None
    facts: PersonFacts = ANYONE
    fields: tuple[tuple[str, str], ...] = ()
    """Names and values of dynamic fields. No index has them."""

    @property
    def is_one_fact(self) -> bool:
        """Whether the filter is one fact and nothing else, whose index has the same people."""
        return self == PersonFilter(facts=self.facts) and self.facts.is_of_present_people

    def conditions(self) -> Iterator[Condition]:
        """Yield all conditions except ``search``, facts and fields. Each has an index."""
        if self.address_begins is not None:
            yield begins_with(in_byte_order("email_key"), self.address_begins)
        if self.company is not None:
            yield Condition(f"{without_case('company')} = {{}}", (self.company.encode().lower().decode(),))


async def people(workspace_id: str, chosen: PersonFilter, order: Order[PersonSort] | None) -> Listing:
    """Return the people of a filter: without an order, as they were created, or by address if the filter has one.

    Raises Refusal TOO_MANY_TO_SORT.
    """
    indexed_order = PersonSort.CREATED if chosen.address_begins is None else PersonSort.EMAIL
    order = order or Order(indexed_order)
    everyone, conditions = Listing(Person).equal(workspace_id=workspace_id), list(chosen.conditions())
    everyone = everyone.where("erased_at IS NULL")
    is_short = True
    if chosen.search is not None:
        listing = await people_found(workspace_id, chosen.search)
    elif chosen.is_one_fact and order.field is PersonSort.CREATED:
        return chosen.facts.in_order(workspace_id).sorted_by(None, descending=order.descending)
    elif (found := await chosen.facts.few(workspace_id)) is not None:
        # A condition on the workspace would let PostgreSQL read the index of all its people.
        listing = listed(Person, found).where("erased_at IS NULL")
    elif chosen.fields or len(conditions) > 1 or (conditions and order.field is not indexed_order):
        narrow = [everyone.either(each) for each in conditions] or [everyone]
        listing = await small_list(narrow, ("filter", "fields") if chosen.fields else ("orderBy",))
    else:
        by_id = (in_byte_order("id"),) if chosen.address_begins is None else ()
        listing, is_short = replace(everyone, counted_by=by_id), False
    for each in conditions:
        listing = listing.either(each)
    for each in chosen.facts.conditions(walked=not is_short):
        listing = listing.either(each) if is_short else listing.only_if(each)
    for name, value in chosen.fields:
        listing = listing.where(HAS_FIELD_POSTGRES if is_postgres() else HAS_FIELD_SQLITE, name, value)
    return listing.sorted_by(KEYS[order.field], descending=order.descending)
