"""Checks of client input. Each returns the clean value, or raises Refusal with the path of the argument."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from api.codes.request_errors.inputs import InputCode
from api.mail.address import AddressProblem, check_address
from api.mail.text_checks import header_problem, text_problem
from plugins.loading.schemas import validator
from strategies import Refusal
from strategies.calendar import zone_info
from strategies.codes import Message
from strategies.errors import RefusalCollector

Path = tuple[str, ...]
SHOWN_CHARACTERS = 60
"""Characters of a wrong value that a refusal quotes."""
SHOWN_FAULT_CHARACTERS = 200
"""Characters of a schema's requirement that a refusal quotes."""
MAX_TEXT_CHARACTERS = 200_000
"""The longest multi-line text, such as the HTML of an email."""
MIN_YEAR, MAX_YEAR = 2000, 2200
"""Points in time are in these years, the last one excluded."""
PYTHON_VALUE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b""")
JSON_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
MARGIN_CHARACTERS = 100
"""Characters that a line may be too long before the blanks at its ends are removed."""


def check_length(value: str, path: Path, limit: int) -> None:
    """Refuse a text that is too long. Call it before any other check."""
    if len(value) > limit:
        raise Refusal.of(InputCode.TOO_LONG, path, argument=_argument(path), limit=limit, length=len(value))


def _argument(path: Path) -> str:
    """Return the name of an argument as a message writes it: ``callReasons[1]`` for an element of a list."""
    name, *indexes = path[-2:] if len(path) > 1 and path[-1].isdigit() else path[-1:]
    return "".join((name, *(f"[{index}]" for index in indexes)))


def line(value: str, path: Path, *, limit: int = 200, required: bool = True) -> str:
    """Return a line of text that is allowed in an email header."""
    check_length(value, path, limit + MARGIN_CHARACTERS)
    if problem := header_problem(value):
        raise Refusal(*problem, path)
    value = value.strip()
    if required and not value:
        raise Refusal.of(InputCode.REQUIRED, path, argument=_argument(path))
    check_length(value, path, limit)
    return value


def text(value: str, path: Path, *, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return a text that may have several lines."""
    check_length(value, path, limit)
    if problem := text_problem(value):
        raise Refusal(*problem, path)
    return value


def address(value: str, path: Path) -> str:
    """Return a valid email address."""
    try:
        return check_address(value)
    except AddressProblem as problem:
        raise Refusal(*problem.message, path) from None


def zone(value: str, path: Path) -> str:
    """Return the name of a time zone in the tz database."""
    try:
        zone_info(line(value, path))
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, path) from None
    return value.strip()


def wall_time(value: str, path: Path) -> time:
    """Return a local time of day, given as HH:MM or HH:MM:SS."""
    check_length(value, path, MARGIN_CHARACTERS)
    parts = value.split(":")
    if len(parts) in {2, 3} and all(len(part) == 2 and part.isascii() and part.isdigit() for part in parts):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise Refusal.of(InputCode.INVALID_TIME, path, value=value[:SHOWN_CHARACTERS])


def instant(value: datetime, path: Path) -> datetime:
    """Return a point in time between the years 2000 and 2200, in UTC and whole seconds."""
    value = value.astimezone(UTC).replace(microsecond=0)
    if not MIN_YEAR <= value.year < MAX_YEAR:
        raise Refusal.of(InputCode.INVALID_INSTANT, path)
    return value


def storable(value: Any, path: Path) -> Any:
    """Return a JSON value whose texts both databases can store."""
    if problem := next((found for part in _all_texts(value) if (found := text_problem(part))), None):
        raise Refusal(*problem, path)
    return value


def config(value: Any, schema: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a configuration that conforms to its JSON Schema."""
    rules = validator(schema)
    try:
        wrong = sorted(rules.iter_errors(value), key=lambda error: list(map(str, error.path)))
    except RecursionError:
        raise Refusal.of(InputCode.INVALID_CONFIG, path, case="endless") from None
    refusals = RefusalCollector()
    for error in wrong:
        for inside, message in _config_problems(error):
            place = (*path, *(str(part)[:SHOWN_CHARACTERS] for part in (*error.absolute_path, *inside)))
            refusals.add(Refusal(*message, place))
    refusals.raise_any()
    for key, item in value.items():
        problem = next((found for part in (key, *_all_texts(item)) if (found := text_problem(part))), None)
        if problem:
            refusals.add(Refusal(*problem, (*path, key[:SHOWN_CHARACTERS])))
    refusals.raise_any()
    return dict(value)


def _config_problems(error: ValidationError) -> Iterator[tuple[list[str], Message]]:
    """Yield the messages of an error, each with the property inside the value that it is about."""
    unknown = _unknown_properties(error)
    if not unknown:
        yield _missing_property(error), _config_problem(error)
        return
    names = ", ".join(cast(dict[str, Any], error.schema).get("properties", ()))
    for name in unknown:
        yield [name], _unknown_property(_json_beginning(name), shortened(names, SHOWN_FAULT_CHARACTERS))


def _unknown_property(name: str, names: str) -> Message:
    if names:
        return InputCode.INVALID_CONFIG.message("unknown", name=name, names=names)
    return InputCode.INVALID_CONFIG.message("unknown_none", name=name)


def _unknown_properties(error: ValidationError) -> list[str]:
    """Return the properties that a schema does not name, if the error is that it allows no others."""
    schema, value = error.schema, error.instance
    if error.validator != "additionalProperties" or error.validator_value is not False or not isinstance(value, dict):
        return []
    if not isinstance(schema, dict) or "patternProperties" in schema:
        return []
    return [name for name in value if name not in schema.get("properties", ())]


def _missing_property(error: ValidationError) -> list[str]:
    """Return the name of the missing property, if the error is about one."""
    if error.validator != "required" or not isinstance(error.instance, dict):
        return []
    return [name for name in cast(list[str], error.validator_value) if error.message.startswith(f"{name!r} is")][:1]


def _config_problem(error: ValidationError) -> Message:
    """Return the message of an error, with the schema's description of the property."""
    about = error.schema.get("description") if isinstance(error.schema, dict) else None
    shown = _json_beginning(error.instance)
    if error.validator == "pattern" and about:
        return InputCode.INVALID_CONFIG.message("described_pattern", value=shown, description=about)
    if error.validator == "pattern":
        return InputCode.INVALID_CONFIG.message("pattern", value=shown, pattern=error.validator_value)
    if error.validator == "enum":
        choices = ", ".join(_json_beginning(each) for each in cast(list[Any], error.validator_value))
        fault = f"{shown} is not one of {shortened(choices, SHOWN_FAULT_CHARACTERS, ' ')}"
    else:
        # jsonschema writes values as Python does. Users wrote them as JSON.
        before, found, after = error.message.partition(repr(error.instance))
        fault = f"{_as_json(before)}{shown if found else ''}{_as_json(after)}"
        fault = shortened(fault, SHOWN_FAULT_CHARACTERS)
    if about:
        return InputCode.INVALID_CONFIG.message("described", fault=fault, description=about)
    return InputCode.INVALID_CONFIG.message(fault=fault)


def _as_json(text: str) -> str:
    """Return a part of a message of jsonschema with its values as in JSON."""
    return PYTHON_VALUE.sub(_value_as_json, text)


def _value_as_json(found: re.Match[str]) -> str:
    value = found.group()
    if value in JSON_CONSTANTS:
        return JSON_CONSTANTS[value]
    if value.startswith('"'):
        return value
    return '"' + value[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def _json_beginning(value: Any) -> str:
    """Return the beginning of a value's JSON."""
    return shortened(json.dumps(value, ensure_ascii=False), SHOWN_CHARACTERS)


def shortened(text: str, limit: int, end: str = "") -> str:
    """Return the beginning of a text with "…", or the whole text if it is short. ``end`` is where it can be cut."""
    if len(text) <= limit:
        return text
    beginning = text[:limit]
    return f"{beginning.rpartition(end)[0] + end if end and end in beginning else beginning}…"


def _all_texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, including the names of properties."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _all_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _all_texts(item)
