"""Reads the untrusted JSON of an answer, and values in it, whose types nobody guarantees."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.transport.ids import whole_id

MAX_VALUES = 1_000_000
"""Most commas and opening brackets in a body."""


def read_json(body: bytes, *, in_doubt: bool = False, quotes: bool = True) -> Any:
    """Parse a body. Raises CrmError, which quotes the beginning. Set ``quotes`` to False if the body has a token."""
    if body.count(b",") + body.count(b"{") + body.count(b"[") > MAX_VALUES:
        raise invalid(f"it has more than {MAX_VALUES:,} values", in_doubt=in_doubt)
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        beginning = f" at the beginning {body[:80]!r}" if quotes else ""
        raise invalid(f"{type(error).__name__}{beginning}", in_doubt=in_doubt) from None


def invalid(fault: str, *, in_doubt: bool = False) -> CrmError:
    """Return the error of an answer that cannot be read."""
    return CrmError(CrmCode.ANSWER_INVALID, fault, in_doubt=in_doubt)


def record(value: object, *, in_doubt: bool = False) -> dict[str, Any]:
    """Return an object. Raises CrmError for any other value."""
    if not isinstance(value, dict):
        raise invalid(f"an object was expected, not {_kind(value)}", in_doubt=in_doubt)
    return value


def records(value: object, *, in_doubt: bool = False) -> list[dict[str, Any]]:
    """Return a list of objects. Raises CrmError for any other value."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise invalid(f"a list of objects was expected, not {_kind(value)}", in_doubt=in_doubt)
    return value


def inner(value: object, *names: str) -> Mapping[str, Any]:
    """Return an object inside of others, or an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """Return a text, or an empty one for every other value."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """Return a whole number from 0, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def record_id(value: object) -> str:
    """Return an id. Raises CrmError."""
    found = whole_id(value)
    if found is None:
        raise invalid(f"an id was expected, not {str(value)[:40]!r}")
    return found


def instant(value: object) -> datetime:
    """Return a datetime in UTC. Salesforce writes 2026-03-02T09:00:00.000+0000. Raises CrmError."""
    try:
        found = datetime.fromisoformat(text(value))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise invalid(f"a date with a time and zone was expected, not {str(value)[:40]!r}")


def day(value: object) -> date | None:
    """Return a date, or None if the field is empty. Raises CrmError."""
    if value is None:
        return None
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        raise invalid(f"a date was expected, not {str(value)[:40]!r}") from None


def _kind(value: object) -> str:
    return type(value).__name__


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
