"""Lists that no index has in the wanted order. They are read by the ids of their rows and sorted, so they are short."""

from collections.abc import Sequence

from tortoise.models import Model

from api.codes.request_errors.inputs import InputCode
from api.store.engine.listing.listing import Listing
from api.store.engine.sql import execute, in_values, of_workspace
from strategies import Refusal

MAX_SORTED_ROWS = 1_000
"""The most rows that are sorted when they are read."""


async def small_list(narrow: Sequence[Listing], path: tuple[str, ...], *, search: bool = False) -> Listing:
    """Return the rows of the first of several lists that is short enough to be sorted in any order.

    Each of ``narrow`` is read by an index, in any order. The caller adds the conditions that they lack. Raises Refusal
    TOO_MANY_TO_SORT if all of them are long.
    """
    if (found := await short_list(narrow)) is not None:
        return found
    if search:
        raise Refusal.of(InputCode.TOO_MANY_TO_SORT, path, case="search", limit=MAX_SORTED_ROWS)
    raise Refusal.of(InputCode.TOO_MANY_TO_SORT, path, limit=MAX_SORTED_ROWS)


async def short_list(narrow: Sequence[Listing]) -> Listing | None:
    """Return the rows of the first of several lists that is short enough to be sorted; None if all are long."""
    for each in narrow:
        ids = await each.ids(MAX_SORTED_ROWS + 1)
        if len(ids) <= MAX_SORTED_ROWS:
            return listed(each.model, ids)
    return None


def listed(model: type[Model], ids: Sequence[str]) -> Listing:
    """Return the rows with these ids."""
    return Listing(model).where(in_values("id", "{}"), list(ids))


async def own_ids(model: type[Model], workspace_id: str, row_id: str) -> list[str]:
    """Return a list with the id, or an empty list if the workspace has no such row.

    A list of another workspace's sender or campaign would read all its rows in vain.
    """
    statement = f'SELECT id FROM "{model._meta.db_table}" WHERE id = $1 AND {of_workspace(2)}'
    return [row["id"] for row in await execute(statement, row_id, workspace_id)]
