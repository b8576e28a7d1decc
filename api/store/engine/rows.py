"""Queries for rows of any table: one row of a workspace, or several rows by id, address or parent."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple, TypeVar

from tortoise.models import Model

from api.codes.request_errors.inputs import InputCode
from api.store.engine.row_reader import converted, read_columns, read_where
from api.store.engine.sql import in_list, of_workspace
from strategies import Refusal

Row = TypeVar("Row", bound=Model)
DISPLAY_NAMES = {
    "Send": "email", "PeopleImport": "import", "PeopleGroup": "group", "BulkAction": "bulk action",
    "SavedFilter": "saved filter", "IncomingEvent": "incoming event",
}  # fmt: skip
"""What users call the rows of a model, where it is not the model's name."""
KINDS = {
    "att": "attachment", "blk": "bulk action", "cat": "category", "cmp": "campaign", "enr": "enrollment",
    "evt": "event", "flt": "saved filter", "grp": "group", "imp": "import", "inc": "incoming event", "lau": "launch",
    "per": "person", "rpl": "reply", "sdr": "sender", "snd": "email", "stp": "step", "sup": "suppression",
    "tpl": "template", "tsk": "task", "wsp": "workspace",
}  # fmt: skip
"""What users call an object, by the prefix of its id."""


def is_possible_id(row_id: str) -> bool:
    """Say whether a text can be an id. A NUL or a lone surrogate would raise an error in the database."""
    return row_id.isascii() and len(row_id) <= 40 and "\x00" not in row_id


async def find(model: type[Row], workspace_id: str, row_id: str) -> Row | None:
    """Return the workspace's row with this id; None if there is none, or if it is deleted, or is an erased person."""
    if not is_possible_id(row_id):
        return None
    not_deleted = {name: None for name in ("deleted_at", "erased_at") if name in model._meta.db_fields}
    row: Any = await model.get_or_none(id=row_id, **not_deleted)
    return row if row is not None and row.workspace_id == workspace_id else None


def _keeps_deleted(model: type[Model]) -> bool:
    """Say whether deleted rows of a model stay in its table."""
    return "deleted_at" in model._meta.db_fields


async def get_or_refuse(model: type[Row], workspace_id: str, row_id: str, path: tuple[str, ...]) -> Row:
    """Return the workspace's row with this id. Raises Refusal (NOT_FOUND), also for a row of another workspace."""
    row = await find(model, workspace_id, row_id)
    if row is None:
        raise not_found(_kind_of(model), row_id, path)
    return row


def can_be_id_of(model: type[Model], row_id: str) -> bool:
    """Say whether the prefix of an id is that of a model's rows, or is not known."""
    return can_be_id_of_kind(_kind_of(model), row_id)


def can_be_id_of_kind(kind: str, row_id: str) -> bool:
    """Say whether the prefix of an id is that of this kind of object, or is not known."""
    return kind not in KINDS.values() or _other_kind(kind, row_id) is None


def _kind_of(model: type[Model]) -> str:
    return DISPLAY_NAMES.get(model.__name__, model.__name__.lower())


def _other_kind(kind: str, row_id: str) -> str | None:
    """Return the other kind of object whose id this is; None if it may be an id of this kind."""
    other = KINDS.get(row_id[:3], kind) if row_id[3:4] == "_" else kind
    return None if other == kind else other


def not_found(kind: str, row_id: str, path: tuple[str, ...]) -> Refusal:
    """Return the refusal of an id that the workspace does not have. It says so if the id is of another kind."""
    other = _other_kind(kind, row_id)
    if other is None:
        return Refusal.of(InputCode.NOT_FOUND, path, kind=kind, id=row_id[:60])
    named = {"kind": _with_article(kind), "other": _with_article(other)}
    return Refusal.of(InputCode.NOT_FOUND, path, case="other_kind", id=row_id[:60], **named)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


async def by_ids(model: type[Model], workspace_id: str, ids: Iterable[str]) -> dict[str, Any]:
    """Return the workspace's rows with these ids that are not deleted, by id, read-only."""
    possible_ids = [row_id for row_id in set(ids) if is_possible_id(row_id)]
    only = " AND deleted_at IS NULL" if _keeps_deleted(model) else ""
    rows = await read_where(model, f"{of_workspace(1)} AND {in_list('id', 2)}{only}", workspace_id, possible_ids)
    return {row.id: row for row in rows}


async def by_address_keys(model: type[Model], workspace_id: str, keys: list[str]) -> dict[str, Any]:
    """Return the workspace's rows with these keys of addresses, by key, read-only."""
    rows = await read_where(model, f"workspace_id = $1 AND {in_list('email_key', 2)}", workspace_id, keys)
    return {row.email_key: row for row in rows}


async def children(
    model: type[Model], workspace_id: str, parent: str, order: str, ids: list[str], *, only: str = "TRUE"
) -> list[list[Any]]:
    """Return the workspace's rows for each parent id, read-only.

    ``parent`` is the column with the parent's id. ``order`` and ``only`` are SQL: an ORDER BY and a condition.
    """
    rows_by_parent: dict[str, list[Any]] = {parent_id: [] for parent_id in ids}
    for row in await read_where(model, _of_parents(parent, order, only), workspace_id, ids):
        rows_by_parent[getattr(row, parent)].append(row)
    return [rows_by_parent[parent_id] for parent_id in ids]


async def child_rows(
    model: type[Model],
    workspace_id: str,
    parent: str,
    order: str,
    ids: list[str],
    *,
    columns: Collection[str],
    only: str = "TRUE",
) -> "ChildRows":
    """Return the same rows with some columns alone, for reading column by column."""
    condition = _of_parents(parent, order, only)
    names, rows = await read_columns(model, condition, workspace_id, ids, columns={*columns, parent})
    rows_by_parent: dict[str, list[Sequence[Any]]] = {parent_id: [] for parent_id in ids}
    at = names.index(parent)
    for row in rows:
        rows_by_parent[row[at]].append(row)
    return ChildRows(model, names, rows_by_parent)


class ChildColumns(NamedTuple):
    """The rows of some parents, column by column."""

    counts: list[int]
    """How many rows each parent has."""
    columns: dict[str, Sequence[Any]]
    """The values of each column, in the rows of the first parent, then the second, and so on."""


class ChildRows(NamedTuple):
    """The rows of several parents, with the values as they are stored."""

    model: type[Model]
    names: list[str]
    rows_by_parent: dict[str, list[Sequence[Any]]]

    def columns_of(self, ids: Sequence[str]) -> ChildColumns:
        """Return the rows of these parents."""
        lists = [self.rows_by_parent[parent_id] for parent_id in ids]
        values = zip(*chain.from_iterable(lists), strict=True) if any(lists) else repeat(())
        columns = converted(self.model, dict(zip(self.names, values, strict=False)))
        return ChildColumns(list(map(len, lists)), columns)


def _of_parents(parent: str, order: str, only: str) -> str:
    return f"{of_workspace(1)} AND {in_list(parent, 2)} AND {only} ORDER BY {order}"
