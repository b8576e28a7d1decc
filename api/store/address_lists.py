"""Lists of people and of suppressed addresses, in the order of their addresses."""

from dataclasses import replace

from api.store.engine.listing import Listing
from api.store.engine.sql import in_byte_order


def by_address(listing: Listing, prefix: str | None) -> Listing:
    """Return a list in the order of addresses, of those that begin with ``prefix``. Without a prefix, of all by id."""
    if prefix is None:
        return listing
    # The last character of Unicode comes after all others, and is in no address.
    condition = f"{in_byte_order('email_key')} BETWEEN {{}} AND {{}}"
    return replace(listing.where(condition, prefix, prefix + "\U0010ffff"), order=("email_key",))
