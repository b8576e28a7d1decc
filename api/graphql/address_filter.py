"""Lists filtered by how an address begins."""

from typing import Annotated, Any

import strawberry
from tortoise.queryset import QuerySet

from api.mail.address import address_key
from api.mail.clean import text_problem
from strategies import Refusal

MAX_ADDRESS = 320
"""How long an address can be: no longer beginning finds one."""
Beginning = Annotated[str | None, strawberry.argument(description="Only addresses that begin so, whatever their case.")]


def beginning(query: QuerySet[Any], email: str | None) -> QuerySet[Any]:
    """Return the rows of a query whose address begins with a text. Raises Refusal."""
    if not email:
        return query
    if len(email) > MAX_ADDRESS:
        raise Refusal("TOO_LONG", f"email may have {MAX_ADDRESS} characters; this has {len(email)}.", ("email",))
    if text_problem(email):
        return query.filter(id="")
    return query.filter(email_key__startswith=address_key(email))
