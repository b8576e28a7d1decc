"""Read people, imports and suppressed addresses: one by id, and lists with their filters."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from api.codes.request_errors.inputs import InputCode
from api.mail.address import MAX_ADDRESS_LENGTH, address_key, address_prefix
from api.mail.text_checks import storable_text, text_problem
from api.models import Campaign, ImportRefusal, PeopleGroup, PeopleImport, Person
from api.services.common.inputs import inputs
from api.services.common.lists.filters import FILTER, check_dates, check_ids, own_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CreatedSort, Order, PersonSort, SuppressionSort
from api.states import ImportStatus
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.rows import find
from api.store.engine.sql import in_values
from api.store.people import people as stored_people
from api.store.people import suppression_lists
from api.store.people.people import PersonFilter
from api.store.people.person_facts import PersonFacts
from api.store.people.suppression_history import history
from api.store.people.suppression_lists import SuppressionFilter
from strategies import Refusal

__all__ = [
    "MAX_FIELD_CONDITIONS",
    "PersonFacts",
    "PersonFilter",
    "SuppressionFilter",
    "import_refusals",
    "key_of_address",
    "people",
    "people_import",
    "people_imports",
    "person",
    "suppression_history",
    "suppressions",
]

MAX_FIELD_CONDITIONS = 20
"""The most dynamic fields that a filter compares."""


async def person(context: WorkspaceContext, person_id: str) -> Person | None:
    """Return a person."""
    return await find(Person, context.workspace_id, person_id)


async def people(
    context: WorkspaceContext,
    chosen: PersonFilter,
    order: Order[PersonSort] | None = None,
    path: tuple[str, ...] = FILTER,
) -> RowList:
    """Return the people of a filter: without an order, as they were created, or by address if it limits addresses.

    ``path`` leads to the filter. Raises Refusal.
    """
    check_ids(chosen.facts, path)
    facts = replace(
        chosen.facts,
        campaign_id=await own_id(Campaign, context, chosen.facts.campaign_id),
        group_id=await own_id(PeopleGroup, context, chosen.facts.group_id),
        import_id=await own_id(PeopleImport, context, chosen.facts.import_id),
    )
    chosen = replace(
        chosen,
        facts=facts,
        fields=tuple((storable_text(name), storable_text(value)) for name, value in chosen.fields),
        search=search_text(chosen.search),
        address_begins=_prefix(chosen.address_begins),
        company=None if chosen.company is None else storable_text(chosen.company),
    )
    listing = await stored_people.people(context.workspace_id, chosen, order)
    return RowList(listing, partial(facts.count, context.workspace_id) if chosen.is_one_fact else None)


async def people_import(context: WorkspaceContext, import_id: str) -> PeopleImport | None:
    """Return a CSV import."""
    return await find(PeopleImport, context.workspace_id, import_id)


def people_imports(
    context: WorkspaceContext,
    statuses: Sequence[ImportStatus] | None = None,
    order: Order[CreatedSort] | None = None,
) -> RowList:
    """Return the imports with one of the statuses, without an order the newest first."""
    listing = Listing(PeopleImport, descending=order is None or order.descending)
    listing = listing.equal(workspace_id=context.workspace_id)
    if statuses is not None:  # no index has the status: a workspace has few imports
        listing = listing.only_if(Condition(in_values("status", "{}"), (list(statuses),)))
    return RowList(listing)


def import_refusals(import_id: str) -> RowList:
    """Return the refused rows of an import, in the order of the file. The caller has found the import."""
    return RowList(Listing(ImportRefusal).equal(people_import_id=import_id))


async def suppressions(
    context: WorkspaceContext, chosen: SuppressionFilter, order: Order[SuppressionSort] | None = None
) -> RowList:
    """Return the suppressed addresses of a filter. Raises Refusal TOO_LONG, TOO_MANY_TO_SORT or EMPTY_DATE_RANGE."""
    check_dates("address", ("filter",), "since", chosen.since, "before", chosen.before)
    chosen = replace(chosen, address_begins=_prefix(chosen.address_begins))
    return RowList(await suppression_lists.suppressions(context.workspace_id, chosen, order))


async def suppression_history(context: WorkspaceContext, email: str) -> RowList:
    """Return the changes of an address, the oldest first. Raises Refusal if the address is not valid."""
    return RowList(await history(context.workspace_id, key_of_address(email)))


def key_of_address(email: str) -> str:
    """Return the normalised form of an address. Raises Refusal if the address is not valid."""
    return address_key(inputs.address(email, ("email",)))


def _prefix(address_begins: str | None) -> str | None:
    """Return the normal form of the beginning of an address; None for all addresses."""
    if not address_begins:
        return None
    if len(address_begins) > MAX_ADDRESS_LENGTH:
        raise Refusal.of(
            InputCode.TOO_LONG, ("email",), argument="email", limit=MAX_ADDRESS_LENGTH, length=len(address_begins)
        )
    # The database could refuse such a text. No address contains it, or begins with a blank.
    return " " if text_problem(address_begins) else address_prefix(address_begins)
