"""Values of filters, as the store compares them."""

from dataclasses import fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from tortoise.models import Model

from api.codes.request_errors.inputs import InputCode
from api.mail.text_checks import storable_text
from api.services.common.request_context import WorkspaceContext
from api.store.engine.listing.small_lists import own_ids
from api.store.engine.rows import can_be_id_of_kind, is_possible_id, not_found
from strategies import Refusal
from strategies.timeline.timeline_notes import utc

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Filter = TypeVar("Filter", bound="DataclassInstance")
MAX_SEARCH_LENGTH = 320
"""Characters of a search text that count: an address has no more."""

FILTER = ("filter",)
"""The path of the argument of most lists."""
KINDS_OF_IDS = {
    "assignee_id": "sender", "campaign_id": "campaign", "category_id": "category", "email_id": "email",
    "group_id": "group", "import_id": "import", "person_id": "person", "sender_id": "sender", "step_id": "step",
    "task_id": "task", "template_id": "template",
}  # fmt: skip
"""The kind of object whose id each field of a filter takes."""


def check_ids(chosen: "DataclassInstance", path: tuple[str, ...]) -> None:
    """Refuse a filter in which a field has the id of another kind of object. ``path`` leads to the filter.

    Raises Refusal NOT_FOUND with the field as path. An empty list would not say why it is empty.
    """
    for each in fields(chosen):
        row_id = getattr(chosen, each.name)
        if each.name in KINDS_OF_IDS and row_id is not None:
            check_id(KINDS_OF_IDS[each.name], row_id, (*path, each.name.replace("_id", "Id")))


def check_id(kind: str, row_id: str, path: tuple[str, ...]) -> None:
    """Refuse the id of another kind of object. Raises Refusal NOT_FOUND. An id that does not exist is not refused."""
    if not can_be_id_of_kind(kind, row_id):
        raise not_found(kind, row_id, path)


def id_condition(row_id: str) -> str:
    """Return ``row_id`` for a comparison in SQL, or an empty text, which matches no row, if it cannot be an id."""
    return row_id if is_possible_id(row_id) else ""


def comparable_id(row_id: str | None) -> str | None:
    """Return an id or a code for a comparison in SQL; None if a filter does not have it."""
    return None if row_id is None else id_condition(row_id)


async def own_id(model: type[Model], context: WorkspaceContext, row_id: str | None) -> str | None:
    """Return the id of a row of the workspace, an empty text for any other id; None if a filter does not have it."""
    if row_id is None:
        return None
    found = await own_ids(model, context.workspace_id, id_condition(row_id))
    return found[0] if found else ""


def within(chosen: Filter, **ids: str) -> Filter:
    """Return a filter of the rows that also have these ids. A filter that names another id has no rows."""
    own = {name: row_id if getattr(chosen, name) in (None, row_id) else "" for name, row_id in ids.items()}
    return replace(chosen, **own)


def check_dates(what: str, path: tuple[str, ...], start: str, first: date | None, end: str, last: date | None) -> None:
    """Refuse an empty range of dates, or of instants without its end. ``start`` and ``end`` are its names.

    Raises Refusal EMPTY_DATE_RANGE with the end as path. An empty list would not say why it is empty.
    """
    if first is None or last is None:
        return
    shown_first, shown_last = (utc(each) if isinstance(each, datetime) else each.isoformat() for each in (first, last))
    named = {"what": what, "start": start, "first": shown_first, "end": end, "last": shown_last}
    if isinstance(last, datetime) and last <= first:
        raise Refusal.of(InputCode.EMPTY_DATE_RANGE, (*path, end), case="instants", **named)
    if last < first:
        raise Refusal.of(InputCode.EMPTY_DATE_RANGE, (*path, end), **named)


def search_text(text: str | None) -> str | None:
    """Return a search text that both databases can compare; None if it is empty, and matches every row."""
    return storable_text(text, MAX_SEARCH_LENGTH).strip() or None if text is not None else None
