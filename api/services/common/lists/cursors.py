"""Cursors: positions in a list as texts.

A cursor carries the sort value that its row had, so that it stays valid when the row changes or is deleted. In a list
that is sorted by id, it is the id.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from typing import Any

from api.codes.request_errors.inputs import InputCode
from api.mail.text_checks import text_problem
from api.store.engine.listing.sort_keys import Position, SortKey
from strategies import Refusal

MAX_NUMBER = 2**63
"""More than the largest number that a column can have."""
ROW_ID = re.compile(r"[a-z]{3}_[0-9a-z]{26}")


def cursor_of(key: SortKey | None, position: Position) -> str:
    """Return a position in a list with this key as a text."""
    if key is None:
        return position.id
    value = position.value
    if isinstance(value, date):
        value = value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()
    parts = json.dumps([key.column, value, position.id], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(parts.encode()).decode().rstrip("=")


def position_at(key: SortKey | None, cursor: str | None, argument: str) -> Position | None:
    """Return the position of a cursor. Raises Refusal INVALID_PAGE with the argument's name as path."""
    if cursor is None:
        return None
    column, value, row_id = _parts(cursor, argument)
    if column != (None if key is None else key.column):
        raise Refusal.of(InputCode.INVALID_PAGE, (argument,), case="order", argument=argument)
    try:
        return Position(None if key is None else _value(key, value), row_id)
    except (ValueError, OverflowError, TypeError):
        raise _invalid(argument) from None


def _parts(cursor: str, argument: str) -> tuple[str | None, Any, str]:
    """Return the column, the value and the id in a cursor."""
    if ROW_ID.fullmatch(cursor):
        return None, None, cursor
    try:
        parts = json.loads(urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}".encode("ascii")))
    except (ValueError, RecursionError):
        raise _invalid(argument) from None
    match parts:
        case [str(column), value, str(row_id)] if ROW_ID.fullmatch(row_id):
            return column, value, row_id
    raise _invalid(argument)


def _value(key: SortKey, value: Any) -> Any:
    """Return a sort value. Raises ValueError, TypeError or OverflowError if the column cannot have it."""
    if value is None and key.nullable:
        return None
    if key.kind is int:
        if type(value) is not int or not 0 <= value < MAX_NUMBER:
            raise ValueError(value)
        return value
    if not isinstance(value, str) or text_problem(value):
        raise ValueError(value)
    if key.kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    return date.fromisoformat(value) if key.kind is date else value


def _invalid(argument: str) -> Refusal:
    return Refusal.of(InputCode.INVALID_PAGE, (argument,), case="cursor", argument=argument)
