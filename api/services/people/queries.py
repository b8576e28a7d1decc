"""Read people, imports and suppressed addresses: one by id, and lists with their filters."""

from api.codes.inputs import InputCode
from api.mail.address import MAX_ADDRESS_LENGTH, address_key, address_prefix
from api.mail.text_checks import text_problem
from api.models import ImportRefusal, PeopleImport, Person
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList
from api.store import people as stored_people
from api.store import suppressions as stored_suppressions
from api.store.engine.listing import Listing
from api.store.engine.rows import find
from api.store.suppression_history import history
from strategies import Refusal


async def person(context: WorkspaceContext, person_id: str) -> Person | None:
    """Return a person."""
    return await find(Person, context.workspace_id, person_id)


def people(context: WorkspaceContext, address_begins: str | None = None) -> RowList:
    """Return the people in the order of their creation, or those whose address begins with a text, by address.

    Raises Refusal TOO_LONG.
    """
    return RowList(stored_people.people(context.workspace_id, _prefix(address_begins)))


async def people_import(context: WorkspaceContext, import_id: str) -> PeopleImport | None:
    """Return a CSV import."""
    return await find(PeopleImport, context.workspace_id, import_id)


def import_refusals(import_id: str) -> RowList:
    """Return the refused rows of an import, in the order of the file. The caller has found the import."""
    return RowList(Listing(ImportRefusal).equal(people_import_id=import_id))


def suppressions(context: WorkspaceContext, address_begins: str | None = None) -> RowList:
    """Return the suppressed addresses, or those that begin with a text. Raises Refusal TOO_LONG."""
    return RowList(stored_suppressions.suppressions(context.workspace_id, _prefix(address_begins)))


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
    # The database could refuse a text with such a problem. No address contains it, and none begins with a blank.
    return " " if text_problem(address_begins) else address_prefix(address_begins)
