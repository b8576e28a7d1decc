"""Checks on what clients send. Each returns the clean value or refuses with the argument's path."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from api.codes.inputs import InputCode
from api.codes.people import PersonCode
from api.mail.address import AddressProblem, check_address
from api.mail.clean import header_problem, text_problem
from strategies import Refusal
from strategies.calendar import zone_info

Path = tuple[str, ...]
SHOWN = 60
"""How much of a value a refusal repeats."""
MAX_TEXT = 200_000
"""Characters of a text of several lines, such as the HTML of an email."""
MARGIN = 100
"""Characters that a line may have beyond its limit in blanks at its ends, which are dropped."""


def check_length(value: str, path: Path, limit: int) -> None:
    """Refuse a text that is too long, before anything else looks at it."""
    if len(value) > limit:
        raise Refusal.of(InputCode.TOO_LONG, path, argument=path[-1], limit=limit, length=len(value))


def line(value: str, path: Path, *, limit: int = 200, required: bool = True) -> str:
    """One line of text that may stand in an email's header."""
    check_length(value, path, limit + MARGIN)
    if problem := header_problem(value):
        raise Refusal.of(InputCode.INVALID_TEXT, path, problem=problem)
    value = value.strip()
    if required and not value:
        raise Refusal.of(InputCode.REQUIRED, path, argument=path[-1])
    check_length(value, path, limit)
    return value


def text(value: str, path: Path, *, limit: int = MAX_TEXT) -> str:
    """Text of several lines."""
    check_length(value, path, limit)
    if problem := text_problem(value):
        raise Refusal.of(InputCode.INVALID_TEXT, path, problem=problem)
    return value


def address(value: str, path: Path) -> str:
    """Return a valid email address. Raises Refusal."""
    try:
        return check_address(value)
    except AddressProblem as problem:
        raise Refusal.of(PersonCode.INVALID_ADDRESS, path, problem=str(problem)) from None


def zone(value: str, path: Path) -> str:
    """The name of a zone of the tz database."""
    try:
        zone_info(line(value, path))
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, path) from None
    return value.strip()


def wall_time(value: str, path: Path) -> time:
    """A wall time, HH:MM or HH:MM:SS."""
    check_length(value, path, MARGIN)
    parts = value.split(":")
    if len(parts) in {2, 3} and all(len(part) == 2 and part.isascii() and part.isdigit() for part in parts):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise Refusal.of(InputCode.INVALID_TIME, path, value=value[:SHOWN])


def instant(value: datetime, path: Path) -> datetime:
    """An instant between the years 2000 and 2200, UTC, to the second."""
    value = value.astimezone(UTC).replace(microsecond=0)
    if not 2000 <= value.year < 2200:
        raise Refusal.of(InputCode.INVALID_INSTANT, path)
    return value


def config(value: Any, schema: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A configuration that follows its JSON Schema."""
    rules = Draft202012Validator(dict(schema), registry=Registry())
    try:
        wrong = sorted(rules.iter_errors(value), key=lambda error: list(map(str, error.path)))
    except RecursionError:
        raise Refusal.of(InputCode.INVALID_CONFIG, path, case="endless") from None
    for error in wrong:
        inside = [*error.absolute_path, *_missing(error)]
        raise Refusal.of(
            InputCode.INVALID_CONFIG, (*path, *(str(part)[:SHOWN] for part in inside)), problem=_sentence(error)
        )
    for key, item in value.items():
        for part in (key, *_texts(item)):
            if problem := text_problem(part):
                raise Refusal.of(InputCode.INVALID_TEXT, (*path, key[:SHOWN]), problem=problem)
    return dict(value)


def _missing(error: ValidationError) -> list[str]:
    """Return the name of the property that is missing, if that is what is wrong."""
    if error.validator != "required" or not isinstance(error.instance, dict):
        return []
    return [name for name in cast(list[str], error.validator_value) if error.message.startswith(f"{name!r} is")][:1]


def _sentence(error: ValidationError) -> str:
    """Say what is wrong: what the schema says of the property, or the rule that is broken."""
    about = error.schema.get("description") if isinstance(error.schema, dict) else None
    given, shown = repr(error.instance), _shown(error.instance)
    if error.validator == "pattern":
        return f"{shown} is not valid. {about}" if about else f"{shown} does not match {error.validator_value}"
    told = error.message.replace(given, shown) if len(given) > SHOWN else error.message
    return f"{told[:200]}. {about or ''}".strip()


def _shown(value: Any) -> str:
    """Return the beginning of a value, as JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _texts(value: Any) -> Iterator[str]:
    """Give every text inside a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
