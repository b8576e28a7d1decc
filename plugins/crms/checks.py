"""Checks of the values that pass between Touchline and a CRM."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from plugins.instants import storable_instant

MAX_REMOTE_ID_CHARACTERS = 100
MAX_USER_ID_CHARACTERS = 64
"""The longest id of an organization or a user."""
MAX_MARKER_CHARACTERS = 80
MAX_CURSOR_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 64
"""Longer names of errors are cut."""
MAX_REMOTE_TEXT_CHARACTERS = 32_000
"""Longer texts of a CRM are cut. A Salesforce Description has up to 32,000 characters."""


def check_instants(record: object, *names: str) -> None:
    """Refuse times without a zone. A time that cannot be stored becomes the nearest one."""
    for name in names:
        value: datetime | None = getattr(record, name)
        if value is not None:
            object.__setattr__(record, name, storable_instant(name, value))


def check_ids(record: object, *names: str, limit: int = MAX_REMOTE_ID_CHARACTERS) -> None:
    """Refuse ids that cannot be stored, and None for an id that a record must have."""
    for name in names:
        value = _plain(record, name)
        if value is None and record.__dataclass_fields__[name].type is str:  # type: ignore[attr-defined]
            raise TypeError(f"{name} is None, not a text")
        if value is not None and not _is_id(value, limit):
            raise ValueError(f"{name} must have 1 to {limit} printable characters; it has {len(value):,} characters")


def check_kinds(record: object, **kinds: type) -> None:
    """Refuse values of other types than these."""
    for name, kind in kinds.items():
        value = getattr(record, name)
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a {type(value).__name__}, not a {kind.__name__}")


def plain_date(record: object, name: str) -> None:
    """Refuse a value that is not a date. A subclass becomes a date."""
    value = getattr(record, name)
    if value is not None:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise TypeError(f"{name} is a {type(value).__name__}, not a date")
        object.__setattr__(record, name, date.fromordinal(date.toordinal(value)))


def check_list(record: object, **kinds: type) -> None:
    """Refuse lists that have values of other types than these. Another sequence becomes a list."""
    for name, kind in kinds.items():
        values = getattr(record, name)
        if type(values) not in {list, tuple}:
            values = list(values)
        if not all(isinstance(each, kind) for each in values):
            raise TypeError(f"{name} is not a list of {kind.__name__}")
        object.__setattr__(record, name, values)


def check_cursor(record: object) -> None:
    """Refuse a cursor that cannot be stored."""
    value = _plain(record, "cursor")
    if value is not None and (len(value) > MAX_CURSOR_CHARACTERS or storable(value) != value):
        raise ValueError(f"a cursor has up to {MAX_CURSOR_CHARACTERS} characters, without NUL and lone surrogates")


def check_marker(marker: str | None) -> None:
    """Refuse a marker that cannot be stored."""
    if marker is not None and not _is_id(marker, MAX_MARKER_CHARACTERS):
        raise ValueError(f"a marker must have 1 to {MAX_MARKER_CHARACTERS} printable characters, not {len(marker):,}")


def clean_texts(record: object, *names: str) -> None:
    """Make texts storable: remove NUL, replace lone surrogates, cut what is too long."""
    for name in names:
        value = getattr(record, name)
        if not isinstance(value, str):
            raise TypeError(f"{name} is a {type(value).__name__}, not a text")
        object.__setattr__(record, name, storable(value))


def clean_mapping(values: Mapping[str, Any]) -> dict[str, str]:
    """Return a mapping of storable texts."""
    return {storable(str(name)): storable(str(value)) for name, value in values.items()}


def storable(text: str) -> str:
    """Return a text that both databases can store."""
    return str.__str__(text).replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_REMOTE_TEXT_CHARACTERS]


def _plain(record: object, name: str) -> str | None:
    """Return a text of a record or None, and make it a plain text: methods of a subclass could raise later."""
    value = getattr(record, name)
    if value is None or type(value) is str:
        return value
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}, not a text")
    plain = str.__str__(value)
    object.__setattr__(record, name, plain)
    return plain


def _is_id(value: str, limit: int) -> bool:
    return 0 < len(value) <= limit and value.isprintable() and value == value.encode("utf-8", "replace").decode()
