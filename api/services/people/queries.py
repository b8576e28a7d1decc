"""Read people, imports and suppressed addresses: one by id, and lists with their filters."""

from typing import Any

from api.codes.inputs import InputCode
from api.mail.address import MAX_ADDRESS_LENGTH, address_key, address_prefix
from api.mail.clean import text_problem
from api.models import ImportRefusal, PeopleImport, Person, Suppression
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, list_rows
from api.store.engine.rows import find
from strategies import Refusal


async def person(context: WorkspaceContext, person_id: str) -> Person | None:
    """Return a person."""
    return await find(Person, context.workspace_id, person_id)


def people(context: WorkspaceContext, address_begins: str | None = None) -> RowList:
    """Return the people, or those whose address begins with a text. Raises Refusal TOO_LONG."""
    return list_rows(Person, context, **_address_condition(address_begins))


async def people_import(context: WorkspaceContext, import_id: str) -> PeopleImport | None:
    """Return a CSV import."""
    return await find(PeopleImport, context.workspace_id, import_id)


def import_refusals(import_id: str) -> RowList:
    """Return the refused rows of an import, in the order of the file. The caller has found the import."""
    return RowList(ImportRefusal.filter(people_import_id=import_id))


def suppressions(context: WorkspaceContext, address_begins: str | None = None) -> RowList:
    """Return the suppressed addresses, or those that begin with a text. Raises Refusal TOO_LONG."""
    return list_rows(Suppression, context, unsubscribed_at__not_isnull=True, **_address_condition(address_begins))


def key_of_address(email: str) -> str:
    """Return the normalised form of an address. Raises Refusal if the address is not valid."""
    return address_key(inputs.address(email, ("email",)))


def _address_condition(begins: str | None) -> dict[str, Any]:
    if not begins:
        return {}
    if len(begins) > MAX_ADDRESS_LENGTH:
        raise Refusal.of(InputCode.TOO_LONG, ("email",), argument="email", limit=MAX_ADDRESS_LENGTH, length=len(begins))
    # No address contains such a text, and the database could refuse it.
    return {"id": ""} if text_problem(begins) else {"email_key__startswith": address_prefix(begins)}
