"""Lists of objects of which a workspace has few, such as campaigns and templates: by name, or by words in it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from api.codes.request_errors.inputs import InputCode
from api.sorts import NamedSort, Order
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, listed, small_list
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import without_case
from strategies import Refusal

BY_NAME = SortKey("name", ignores_case=True)
KEYS: Mapping[StrEnum, SortKey | None] = {NamedSort.CREATED: None, NamedSort.NAME: BY_NAME}
MAX_READ_NAMES = 10_000
"""The most rows whose texts one search reads."""
Alternatives = list[Condition]
"""Conditions that exclude each other, of which one is met. An index has the rows of each by id."""


def equal(**columns: str | None) -> list[Alternatives]:
    """Return the conditions that columns have these values, without those that are None."""
    return [[Condition(f"{name} = {{}}", (value,))] for name, value in columns.items() if value is not None]


async def named_list(
    everything: Listing,
    conditions: Sequence[Alternatives],
    order: Order[Any] | None,
    *,
    keys: Mapping[StrEnum, SortKey | None] = KEYS,
    search: str | None = None,
    searched: Sequence[str] = ("name",),
) -> Listing:
    """Return the rows that meet conditions, and whose texts have each word of ``search``: by id without an order.

    Indexes have ``everything`` by id and by each of ``keys``. Raises Refusal TOO_MANY_TO_SORT.
    """
    key = None if order is None else keys[order.field]
    listing, narrow = everything, [everything.either(*alternatives) for alternatives in conditions]
    if search is not None:
        listing = await _found(narrow or [everything], search, searched)
    elif len(narrow) > 1 or (narrow and key is not None):
        listing = await small_list(narrow, ("orderBy",))
    for alternatives in conditions:
        listing = listing.either(*alternatives)
    return listing.sorted_by(key, descending=order is not None and order.descending)


async def _found(narrow: Sequence[Listing], search: str, searched: Sequence[str]) -> Listing:
    """Return the rows of the first short list that have each word of a text, in upper or lower case."""
    words = search.casefold().split()
    for each in narrow:
        count = await each.count()
        if count.exact and count.number <= MAX_READ_NAMES:
            possible = each
            for word in words:
                possible = possible.where(_may_have(searched), *[word] * len(searched))
            rows = await possible.some(MAX_READ_NAMES, searched)
            texts = {row.id: "\n".join(getattr(row, name) for name in searched).casefold() for row in rows}
            ids = [row_id for row_id, text in texts.items() if all(word in text for word in words)]
            if len(ids) <= MAX_SORTED_ROWS:
                return listed(each.model, ids)
    raise Refusal.of(InputCode.TOO_MANY_TO_SORT, ("filter", "search"), case="search", limit=MAX_SORTED_ROWS)


def _may_have(searched: Sequence[str]) -> str:
    """Return the condition that one of these columns may have a word: it has it, or has other letters than ASCII.

    Only Python knows the lower case of other letters, and that ß is ss.
    """
    has = "strpos({0}, {{}}) > 0" if is_postgres() else "instr({0}, {{}}) > 0"
    others = "octet_length({1}) > char_length({1})" if is_postgres() else "length(CAST({1} AS BLOB)) > length({1})"
    return f"({' OR '.join(f'{has} OR {others}'.format(without_case(name), name) for name in searched)})"
