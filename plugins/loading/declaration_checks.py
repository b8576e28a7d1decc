"""Check the declarations of a package's objects, and return them as plain values.

A declaration can be a property that raises, or that returns another value the next time. So Touchline reads each one
once, when it loads the package, and keeps the plain value.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

from plugins.loading.schemas import fault_of
from strategies import ByValue, Plural, Reads
from strategies.contract import Text
from strategies.package_options.plain_values import plain_string

MAX_LANGUAGES_OF_TEXT = 100
MAX_SENTENCES_OF_OPTION = 1_000
MAX_SCHEMA_CHARACTERS = 100_000
"""Characters of a JSON Schema, written as JSON."""
MAX_FORMAT_CHARACTERS = 3
"""Characters after the colon of `{name:…}` in a sentence: enough for a width of two digits."""

MAX_MEDIA_TYPES = 20
MEDIA_TYPE = re.compile("[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
"""In lower case and without parameters."""
MAX_BODY_BYTES = 16_000_000
"""The largest body that a webhook can ask for."""
MAX_BATCH_SIZE = 1_000
"""The most emails of one request of a channel."""

Check = Callable[[str, str, object], Any]
"""Takes the name of the object, the attribute and its value. Returns the plain value, or raises UnusableError."""


class UnusableError(Exception):
    """A package cannot be used. The message says why, for operators.

    ``public`` says it to users as well: without the text of an error that the package's code raised, because the text
    can have a path or a setting.
    """

    def __init__(self, message: str, public: str = "") -> None:
        super().__init__(message)
        self.public = public or message


def one_line(error: BaseException) -> str:
    """Put a package's error into one line. Its text is made by the package's code, which can fail as well."""
    try:
        text = " ".join(str(error).split())[:500]
    except (Exception, SystemExit):
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def check_texts(owner: str, attribute: str, value: object) -> dict[str, str]:
    """Check a text by language code. English is required."""
    if value is not None and not isinstance(value, Mapping):
        fault = f"{owner} cannot be used: {attribute} is a {type(value).__name__}"
        raise UnusableError(f'{fault}. Give a text for each language, such as {{"en": "…"}}.')
    try:
        found = {
            language: plain_string(text) for language, text in _items(attribute, value or {}, MAX_LANGUAGES_OF_TEXT)
        }
    except (TypeError, ValueError) as error:
        fault = f"{owner} has {attribute} that are not text by language code"
        raise UnusableError(f"{fault}: {one_line(error)}.", f"{fault}.") from None
    if not found.get("en", "").strip():
        raise UnusableError(f'{owner} has no {attribute}["en"].')
    return found


def check_schema(owner: str, attribute: str, value: object) -> dict[str, Any]:
    """Check a JSON Schema."""
    if not isinstance(value, Mapping):
        raise UnusableError(f"{owner} has a {attribute} that is not a mapping.")
    try:
        written = json.dumps(dict(value), allow_nan=False, ensure_ascii=False)
        written.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableError(f"{owner} has a {attribute} that is not JSON: {error}.") from None
    if len(written) > MAX_SCHEMA_CHARACTERS:
        raise UnusableError(
            f"{owner} has a {attribute} of {len(written):,} characters; it can have up to {MAX_SCHEMA_CHARACTERS:,}."
        )
    plain: dict[str, Any] = json.loads(written)
    if fault := fault_of(plain):
        raise UnusableError(f"{owner} has a {attribute} {fault.rstrip('.')}.")
    return plain


def check_flag(owner: str, attribute: str, value: object) -> bool:
    """Check a declaration that is True or False."""
    if value is True or value is False:
        return value
    raise UnusableError(f"{owner} cannot be used: {attribute} is a {type(value).__name__}, and neither True nor False.")


def check_reads(owner: str, attribute: str, value: object) -> frozenset[Reads]:
    """Check the kinds of facts that an option reads: a set, list or tuple of Reads or of their names."""
    known = ", ".join(Reads)
    if not isinstance(value, (set, frozenset, list, tuple)):
        raise UnusableError(f"{owner} cannot be used: {attribute} is a {type(value).__name__}, not a set of Reads.")
    try:
        return frozenset(Reads(plain_string(each)) for each in value)
    except (TypeError, ValueError) as error:
        fault = one_line(error)
    raise UnusableError(f"{owner} cannot be used: {attribute} can have {known} ({fault}).")


def check_media_types(owner: str, attribute: str, value: object) -> tuple[str, ...]:
    """Check a list of media types, such as "application/json"."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or not 1 <= len(value) <= MAX_MEDIA_TYPES:
        raise UnusableError(f"{owner} cannot be used: {attribute} is not a list of 1 to {MAX_MEDIA_TYPES} media types.")
    try:
        found = tuple(plain_string(each) for each in value)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"{owner} cannot be used: {attribute} has an entry that is not text: {error}.") from None
    for each in found:
        if not MEDIA_TYPE.fullmatch(each):
            raise UnusableError(f"{owner} cannot be used: {attribute} has {each!r:.80}, which is not a media type.")
    return found


def check_body_size(owner: str, attribute: str, value: object) -> int:
    """Check the largest size of a body, in bytes."""
    if type(value) is not int or not 1 <= value <= MAX_BODY_BYTES:
        raise UnusableError(f"{owner} cannot be used: {attribute} must be a number from 1 to {MAX_BODY_BYTES:,}.")
    return value


def check_batch_size(owner: str, attribute: str, value: object) -> int:
    """Check how many emails a channel takes in one request."""
    if type(value) is not int or not 1 <= value <= MAX_BATCH_SIZE:
        raise UnusableError(f"{owner} cannot be used: {attribute} must be a number from 1 to {MAX_BATCH_SIZE:,}.")
    return value


def check_sentences(owner: str, attribute: str, value: object) -> dict[str, dict[str, Text]]:
    """Check sentences by code, then by language. English is required."""
    try:
        return {
            code: _sentence(f"the sentence {code!r:.60}", by_language)
            for code, by_language in _items(attribute, value, MAX_SENTENCES_OF_OPTION)
        }
    except (TypeError, ValueError) as error:
        fault = f"{owner} cannot be used"
        raise UnusableError(f"{fault}: {one_line(error)}.", f"{fault}: its {attribute} are not valid.") from None


def _items(name: str, value: object, most: int) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is a {type(value).__name__}, not a mapping")
    items = list(value.items())
    if len(items) > most:
        raise ValueError(f"{name} has {len(items):,} entries; it can have up to {most:,}")
    return [(plain_string(key), entry) for key, entry in items]


def _sentence(name: str, by_language: object) -> dict[str, Text]:
    found = {language: _text(name, text) for language, text in _items(name, by_language, MAX_LANGUAGES_OF_TEXT)}
    if "en" not in found:
        raise ValueError(f'{name} has no "en"')
    return found


def _text(name: str, text: object) -> Text:
    if isinstance(text, Plural):
        return Plural(plain_string(text.by), *(_form(name, form) for form in (text.one, text.other, text.without)))
    if isinstance(text, ByValue):
        forms = {value: _form(name, form) for value, form in _items(name, text.forms, MAX_SENTENCES_OF_OPTION)}
        return ByValue(plain_string(text.by), forms, _form(name, text.other))
    return _form(name, text)


def _form(name: str, text: object) -> str:
    """Check the {names} in a text: attributes, positions, conversions and long formats are not allowed."""
    plain = plain_string(text)
    for _, field, written, conversion in Formatter().parse(plain):
        if field is None:
            continue
        if not field.isidentifier():
            raise ValueError(f"{name} has {{{field:.60}}}, which is not the name of a value")
        if conversion or len(written or "") > MAX_FORMAT_CHARACTERS or "{" in (written or ""):
            raise ValueError(f"{name} formats {{{field:.60}}} in a way that is not allowed")
    return plain
