"""Checks of the values that pass between Touchline and a CRM."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from plugins.instants import storable_instant

MAX_REMOTE_ID_CHARACTERS = 100
MAX_MARKER_CHARACTERS = 80
MAX_REMOTE_TEXT_CHARACTERS = 32_000
"""Longer texts of a CRM are cut. A Salesforce Description has up to 32,000 characters."""


def check_instants(record: object, *names: str) -> None:
    """Refuse times without a zone. A time that cannot be stored becomes the nearest one."""
    for name in names:
        value: datetime | None = getattr(record, name)
        if value is not None:
            object.__setattr__(record, name, storable_instant(name, value))


def check_ids(record: object, *names: str) -> None:
    """Refuse ids that cannot be stored."""
    for name in names:
        value: str | None = getattr(record, name)
        if value is not None and not _is_id(value, MAX_REMOTE_ID_CHARACTERS):
            raise ValueError(f"{name} must have 1 to {MAX_REMOTE_ID_CHARACTERS} printable characters: {value[:120]!r}")


def check_marker(marker: str | None) -> None:
    """Refuse a marker that cannot be stored."""
    if marker is not None and not _is_id(marker, MAX_MARKER_CHARACTERS):
        raise ValueError(f"a marker must have 1 to {MAX_MARKER_CHARACTERS} printable characters: {marker[:120]!r}")


def clean_texts(record: object, *names: str) -> None:
    """Make texts storable: remove NUL, replace lone surrogates, cut what is too long."""
    for name in names:
        value = getattr(record, name)
        if isinstance(value, str):
            object.__setattr__(record, name, storable(value))


def clean_mapping(values: Mapping[str, Any]) -> dict[str, str]:
    """Return a mapping of storable texts."""
    return {storable(str(name)): storable(str(value)) for name, value in values.items()}


def storable(text: str) -> str:
    """Return a text that both databases can store."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_REMOTE_TEXT_CHARACTERS]


def _is_id(value: str, limit: int) -> bool:
    return 0 < len(value) <= limit and value.isprintable() and value == value.encode("utf-8", "replace").decode()
