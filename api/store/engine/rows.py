"""Queries for rows of any table: one row of a workspace, or several rows by id, address or parent."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from tortoise.models import Model

from api.codes.inputs import InputCode
from api.store.engine.row_reader import read_where
from api.store.engine.sql import in_list
from strategies import Refusal

Row = TypeVar("Row", bound=Model)
DISPLAY_NAMES = {"Send": "email", "PeopleImport": "import"}


def is_possible_id(row_id: str) -> bool:
    """Say whether a text can be an id. A NUL or a lone surrogate would raise an error in the database."""
    return row_id.isascii() and len(row_id) <= 40 and "\x00" not in row_id


async def find(model: type[Row], workspace_id: str, row_id: str) -> Row | None:
    """Return the workspace's row with this id; None if there is none."""
    if not is_possible_id(row_id):
        return None
    return await model.get_or_none(id=row_id, workspace_id=workspace_id)


async def get_or_refuse(model: type[Row], workspace_id: str, row_id: str, path: tuple[str, ...]) -> Row:
    """Return the workspace's row with this id. Raises Refusal (NOT_FOUND), also for a row of another workspace."""
    row = await find(model, workspace_id, row_id)
    if row is None:
        name = DISPLAY_NAMES.get(model.__name__, model.__name__.lower())
        raise Refusal.of(InputCode.NOT_FOUND, path, kind=name, id=row_id[:60])
    return row


async def by_ids(model: type[Model], workspace_id: str, ids: Iterable[str]) -> dict[str, Any]:
    """Return the workspace's rows with these ids, by id, read-only."""
    possible_ids = [row_id for row_id in set(ids) if is_possible_id(row_id)]
    rows = await read_where(model, f"workspace_id = $1 AND {in_list('id', 2)}", workspace_id, possible_ids)
    return {row.id: row for row in rows}


async def by_address_keys(model: type[Model], workspace_id: str, keys: list[str]) -> dict[str, Any]:
    """Return the workspace's rows with these keys of addresses, by key, read-only."""
    rows = await read_where(model, f"workspace_id = $1 AND {in_list('email_key', 2)}", workspace_id, keys)
    return {row.email_key: row for row in rows}


async def children(
    model: type[Model],
    workspace_id: str,
    parent: str,
    order: str,
    ids: list[str],
    *,
    only: str = "TRUE",
    columns: Collection[str] | None = None,
) -> list[list[Any]]:
    """Return the workspace's rows for each parent id, read-only.

    ``parent`` is the column with the parent's id. ``order`` and ``only`` are SQL: an ORDER BY and a condition. With
    ``columns``, the rows have only these and ``parent``.
    """
    rows_by_parent: dict[str, list[Any]] = {parent_id: [] for parent_id in ids}
    condition = f"workspace_id = $1 AND {in_list(parent, 2)} AND {only} ORDER BY {order}"
    read = None if columns is None else {*columns, parent}
    for row in await read_where(model, condition, workspace_id, ids, columns=read):
        rows_by_parent[getattr(row, parent)].append(row)
    return [rows_by_parent[parent_id] for parent_id in ids]
