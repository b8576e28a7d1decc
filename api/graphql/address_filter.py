"""Lists filtered by the beginning of an address."""

from typing import Annotated, Any

import strawberry
from tortoise.queryset import QuerySet

from api.mail.address import MAX_ADDRESS_LENGTH, address_prefix
from api.mail.clean import text_problem
from strategies import Refusal

Beginning = Annotated[
    str | None,
    strawberry.argument(
        description="Only addresses that begin with this text, in upper or lower case: up to 320 characters. An "
        "international domain is found in both of its spellings, such as `info@müller.de` and `info@xn--mller-kva.de`."
    ),
]


def beginning(query: QuerySet[Any], email: str | None) -> QuerySet[Any]:
    """Return the rows of a query whose address begins with a text. Raises Refusal."""
    if not email:
        return query
    if len(email) > MAX_ADDRESS_LENGTH:
        raise Refusal("TOO_LONG", f"email may have {MAX_ADDRESS_LENGTH} characters; this has {len(email)}.", ("email",))
    if text_problem(email):
        return query.filter(id="")
    return query.filter(email_key__startswith=address_prefix(email))
