"""What a package declares of its objects, read once when the package is loaded.

A declaration may be a property of the package's own that raises, or answers something else, the next time. So each is
read once, checked, and kept as plain values; nothing reads it from the package's object again. What an object is asked
to do goes to the package's object, and each caller guards the answer.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from string import Formatter
from typing import Any

from plugins.contract import Channel, Session
from strategies import Availability, CreateTask, Plural, Position, SendAt, SendOption, StepContext
from strategies.contract import ByValue, Text
from strategies.plain_values import plain_text

MAX_LANGUAGES = 100
"""Languages of one text."""
MAX_SENTENCES = 1_000
"""Sentences of one send option."""
MAX_SCHEMA = 100_000
"""Characters of a JSON Schema, written as JSON."""
MAX_FORMAT = 3
"""Characters behind the colon of `{name:…}` in a sentence: enough for a width of two digits."""
FLAGS = ("asks_send_at", "takes_time", "creates_task")


class DeclaredOption(SendOption):
    """A package's send option with its declarations as plain values."""

    def __init__(self, own: SendOption, declared: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declared)

    def availability(self, position: Position) -> Availability:
        """Ask the package's option."""
        return self.own.availability(position)

    def validate(self, config: Mapping[str, Any]) -> None:
        """Ask the package's option."""
        self.own.validate(config)

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Ask the package's option."""
        return self.own.resolve(step)


class DeclaredChannel(Channel):
    """A package's channel with its declarations as plain values."""

    def __init__(self, own: Channel, declared: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declared)

    def account(self, config: Mapping[str, Any]) -> str:
        """Ask the package's channel; the key, where it says nothing else."""
        return self.key if type(self.own).account is Channel.account else self.own.account(config)

    def accounts(self) -> Sequence[str] | None:
        """Ask the package's channel; its key, where it names no others."""
        if type(self.own).accounts is not Channel.accounts:
            return self.own.accounts()
        return [self.key] if type(self.own).account is Channel.account else None

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Ask the package's channel."""
        return self.own.sessions(config)

    async def trouble(self) -> str | None:
        """Ask the package's channel."""
        return await self.own.trouble()

    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        """Open the package's account."""
        return self.own.connect(config)


def texts(name: str, by_language: object) -> dict[str, str]:
    """Return a text by language code. Raises TypeError or ValueError."""
    return {language: plain_text(text) for language, text in _items(name, by_language, MAX_LANGUAGES)}


def schema(declared: object) -> dict[str, Any]:
    """Return a JSON Schema. Raises TypeError or ValueError."""
    if not isinstance(declared, Mapping):
        raise TypeError("that is no mapping")
    written = json.dumps(dict(declared), allow_nan=False, ensure_ascii=False)
    written.encode("utf-8")
    if len(written) > MAX_SCHEMA:
        raise ValueError(f"of {len(written):,} characters; up to {MAX_SCHEMA:,} go")
    plain: dict[str, Any] = json.loads(written)
    return plain


def flag(name: str, declared: object) -> bool:
    """Return True or False. Raises TypeError for everything else."""
    if declared is True or declared is False:
        return declared
    raise TypeError(f"{name} is a {type(declared).__name__}, and neither True nor False")


def sentences(declared: object) -> dict[str, dict[str, Text]]:
    """Return sentences by code and language. Raises TypeError or ValueError."""
    found: dict[str, dict[str, Text]] = {}
    for code, by_language in _items("sentences", declared, MAX_SENTENCES):
        name = f"the sentence {code!r:.60}"
        found[code] = {language: _text(name, text) for language, text in _items(name, by_language, MAX_LANGUAGES)}
        if "en" not in found[code]:
            raise ValueError(f'{name} has no "en"')
    return found


def _items(name: str, declared: object, most: int) -> list[tuple[str, Any]]:
    if not isinstance(declared, Mapping):
        raise TypeError(f"{name} is a {type(declared).__name__}, and no mapping")
    items = list(declared.items())
    if len(items) > most:
        raise ValueError(f"{name} has {len(items):,} entries; up to {most:,} go")
    return [(plain_text(key), value) for key, value in items]


def _text(name: str, text: object) -> Text:
    if isinstance(text, Plural):
        return Plural(plain_text(text.by), *(_form(name, form) for form in (text.one, text.other, text.without)))
    if isinstance(text, ByValue):
        forms = {value: _form(name, form) for value, form in _items(name, text.forms, MAX_SENTENCES)}
        return ByValue(plain_text(text.by), forms, _form(name, text.other))
    return _form(name, text)


def _form(name: str, text: object) -> str:
    """Return a text whose {names} can be replaced: no attributes, positions, conversions or long formats."""
    plain = plain_text(text)
    for _, field, written, conversion in Formatter().parse(plain):
        if field is None:
            continue
        if not field.isidentifier():
            raise ValueError(f"{name} has {{{field:.60}}}, which is no name of a value")
        if conversion or len(written or "") > MAX_FORMAT or "{" in (written or ""):
            raise ValueError(f"{name} formats {{{field:.60}}} in a way that is not allowed")
    return plain
