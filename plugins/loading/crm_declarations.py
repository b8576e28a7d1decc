"""Check the declarations of a CRM: its ways to connect, and its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from plugins.crms.access import AccessField, AccessFieldKind, ConnectWay
from plugins.loading.declaration_checks import UnusableError, check_flag, check_texts
from strategies.package_options.plain_values import plain_string

Entry = TypeVar("Entry")

MAX_WAYS = 20
MAX_FIELDS = 50
MAX_CHOICES = 100
MAX_DOUBT_SECONDS = 86_400
MAX_DELETIONS_DAYS = 3_650
MAX_KEY_CHARACTERS = 64


def check_ways(owner: str, attribute: str, value: object) -> tuple[ConnectWay, ...]:
    """Check the ways to connect, and return them with plain values. There is at least one."""
    found = tuple(_way(owner, each) for each in _entries(owner, attribute, value, ConnectWay, MAX_WAYS))
    if not found:
        raise UnusableError(f"{owner} cannot be used: {attribute} is empty.")
    _refuse_twice(owner, attribute, [way.key for way in found])
    return found


def methods_for_ways(declarations: Mapping[str, Any]) -> Sequence[str]:
    """Return the methods that the ways to connect need."""
    asks_consent = any(way.asks_consent for way in declarations["ways"])
    return ("consent_url", "redeem_consent") if asks_consent else ()


def check_doubt_seconds(owner: str, attribute: str, value: object) -> int:
    """Check for how long a write can still be carried out, in seconds."""
    return _number(owner, attribute, value, MAX_DOUBT_SECONDS)


def check_deletions_days(owner: str, attribute: str, value: object) -> int:
    """Check how many days back deletions are known."""
    return _number(owner, attribute, value, MAX_DELETIONS_DAYS)


def _number(owner: str, attribute: str, value: object, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise UnusableError(f"{owner} cannot be used: {attribute} must be a number from 1 to {most:,}.")
    return value


def _way(owner: str, way: ConnectWay) -> ConnectWay:
    key = _key(owner, "ways", way.key)
    owner = f"{owner}, way {key!r},"
    fields = tuple(_field(owner, each) for each in _entries(owner, "fields", way.fields, AccessField, MAX_FIELDS))
    _refuse_twice(owner, "fields", [each.key for each in fields])
    asks = check_flag(owner, "asks_consent", way.asks_consent)
    return ConnectWay(key, check_texts(owner, "labels", way.labels), fields, asks)


def _field(owner: str, field: AccessField) -> AccessField:
    key = _key(owner, "fields", field.key)
    owner = f"{owner} field {key!r},"
    if not isinstance(field.kind, AccessFieldKind):
        raise UnusableError(f"{owner} has a kind that is not an AccessFieldKind.")
    choices = tuple(_text(owner, "choices", each) for each in _list(owner, "choices", field.choices, MAX_CHOICES))
    if (field.kind is AccessFieldKind.CHOICE) is not bool(choices):
        raise UnusableError(f"{owner} must have choices if its kind is CHOICE, and none otherwise.")
    default = _text(owner, "default", field.default)
    if default and (field.is_secret or (choices and default not in choices)):
        raise UnusableError(f"{owner} cannot have this default: secrets have none, and choices one of them.")
    help_texts = check_texts(owner, "help", field.help) if field.help else {}
    required = check_flag(owner, "required", field.required)
    return AccessField(
        key, field.kind, check_texts(owner, "labels", field.labels), help_texts, required, default, choices
    )


def _entries(owner: str, attribute: str, value: object, kind: type[Entry], most: int) -> list[Entry]:
    entries = _list(owner, attribute, value, most)
    for each in entries:
        if not isinstance(each, kind):
            raise UnusableError(
                f"{owner} cannot be used: {attribute} has a {type(each).__name__}, not a {kind.__name__}."
            )
    return entries  # type: ignore[return-value]


def _list(owner: str, attribute: str, value: object, most: int) -> list[object]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence) or len(value) > most:
        raise UnusableError(f"{owner} cannot be used: {attribute} is not a list of up to {most} entries.")
    return list(value)


def _key(owner: str, attribute: str, value: object) -> str:
    key = _text(owner, attribute, value)
    if not key.isidentifier() or len(key) > MAX_KEY_CHARACTERS:
        raise UnusableError(f"{owner} cannot be used: {attribute} has the key {key!r:.80}, which is not an identifier.")
    return key


def _text(owner: str, attribute: str, value: object) -> str:
    try:
        return plain_string(value)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"{owner} cannot be used: {attribute} has an entry that is not text: {error}.") from None


def _refuse_twice(owner: str, attribute: str, keys: Sequence[str]) -> None:
    twice = next((key for index, key in enumerate(keys) if key in keys[:index]), None)
    if twice is not None:
        raise UnusableError(f"{owner} cannot be used: {attribute} has {twice!r} twice.")
