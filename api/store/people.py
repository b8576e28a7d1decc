"""People: the list of them, and the recipients of emails."""

from collections.abc import Sequence

from api.models import Person
from api.store.address_lists import by_address
from api.store.engine.listing import Listing
from api.store.engine.sql import Row, execute, in_list
from api.store.suppressions import UNSUBSCRIBED_AT


async def recipients(person_ids: Sequence[str]) -> Sequence[Row]:
    """Return people with the columns of ``Recipient``, in its order."""
    return await execute(
        "SELECT id, workspace_id, email, first_name, last_name, title, company, own_fields,"
        f" {UNSUBSCRIBED_AT} IS NOT NULL AS unsubscribed, bounced_at IS NOT NULL AS bounced"
        f" FROM person WHERE {in_list('id', 1)}",
        list(person_ids),
    )


def people(workspace_id: str, prefix: str | None) -> Listing:
    """Return the workspace's people, or those whose address begins with a text, in the order of their addresses."""
    return by_address(Listing(Person).equal(workspace_id=workspace_id), prefix)
