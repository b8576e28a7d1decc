"""People, and the addresses that have unsubscribed."""

from collections.abc import Sequence
from dataclasses import replace

from api.models import Person, Suppression
from api.store.engine.listing import Listing
from api.store.engine.sql import Row, execute, in_byte_order, in_list
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
    return _by_address(Listing(Person).equal(workspace_id=workspace_id), prefix)


def suppressions(workspace_id: str, prefix: str | None) -> Listing:
    """Return the addresses that are unsubscribed now, or those of them that begin with a text, in their order."""
    listing = Listing(Suppression).equal(workspace_id=workspace_id).where("unsubscribed_at IS NOT NULL")
    return _by_address(listing, prefix)


def _by_address(listing: Listing, prefix: str | None) -> Listing:
    if prefix is None:
        return listing
    # The last character of Unicode comes after all others, and is in no address.
    condition = f"{in_byte_order('email_key')} BETWEEN {{}} AND {{}}"
    return replace(listing.where(condition, prefix, prefix + "\U0010ffff"), order=("email_key",))
