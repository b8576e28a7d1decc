"""Check what a package's hook returned, so that a mistake is named at the start and not met in the middle of a run."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from plugins.contract import Channel
from plugins.schemas import fault_of
from strategies import SendOption

KEY = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What a step or a sender keeps, in 64 characters."""
Registered = TypeVar("Registered", SendOption, Channel)


class UnusableError(Exception):
    """A package cannot be used, and why, in one sentence."""


def guarded(what: str, work: Callable[[], Any]) -> Any:
    """Run a package's own code. Whatever it raises becomes one sentence; an exit is no way out for a package."""
    try:
        return work()
    except UnusableError:
        raise
    except (Exception, SystemExit) as error:
        fault = f"{what} raised {_told(error)}"
    raise UnusableError(f"{fault.rstrip('.')}.")


def _told(error: BaseException) -> str:
    """Put an error of a package's own into one line; its text is the package's code as well, and may fail."""
    try:
        text = " ".join(str(error).split())[:500]
    except (Exception, SystemExit):
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def collect(hook: str, result: Any) -> list[Any]:
    """Take the objects out of a hook's result, which may be any iterable."""
    if hasattr(result, "close") and hasattr(result, "cr_code"):
        result.close()
        raise UnusableError(f"{hook} is asynchronous; it must be a plain function.")
    if isinstance(result, (str, bytes, Mapping)) or not hasattr(result, "__iter__"):
        raise UnusableError(f"{hook} returned {describe(result)}; it must return a list of objects.")
    return list(guarded(f"{hook}'s result", lambda: list(result)))


def describe(thing: Any) -> str:
    """Name an object of a wrong type without trusting its own representation."""
    return f"the class {thing.__name__}, not an instance" if isinstance(thing, type) else f"a {type(thing).__name__}"


def check(hook: str, thing: Any, kind: type[Registered]) -> Registered:
    """Return the object when it keeps its contract. Raises UnusableError."""
    if not isinstance(thing, kind):
        raise UnusableError(f"{hook} returned {describe(thing)} where a {kind.__name__} belongs.")
    guarded(type(thing).__name__, lambda: _check_attributes(thing))
    return thing


def _check_attributes(thing: SendOption | Channel) -> None:
    name = type(thing).__name__
    key = getattr(thing, "key", None)
    if not isinstance(key, str) or not key.strip():
        raise UnusableError(f"{name} has no key.")
    if not KEY.fullmatch(key):
        raise UnusableError(f"{name} has the key {key!r:.80}; a key must match {KEY.pattern}.")
    for texts in ("labels", "help") if isinstance(thing, SendOption) else ("labels",):
        by_language = getattr(thing, texts, None)
        if not isinstance(by_language, Mapping) or not by_language.get("en"):
            raise UnusableError(f'{name} ({key!r}) has no {texts}["en"].')
        if not all(isinstance(text, str) and _whole(text) for pair in by_language.items() for text in pair):
            raise UnusableError(f"{name} ({key!r}) has {texts} that are not text by language code.")
    if not isinstance(thing.config_schema, Mapping):
        raise UnusableError(f"{name} ({key!r}) has a config_schema that is no mapping.")
    if fault := fault_of(dict(thing.config_schema)):
        raise UnusableError(f"{name} ({key!r}) has a config_schema {fault.rstrip('.')}.")


def _whole(text: str) -> bool:
    """Whether a text has no half of a character, which no answer could carry."""
    return text.isascii() or text.encode("utf-8", "replace") == text.encode("utf-8", "surrogatepass")
