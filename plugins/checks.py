"""Check what a package's hook returned, so that a mistake is named at the start and not met in the middle of a run."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from plugins import declared
from plugins.contract import Channel
from plugins.declared import DeclaredChannel, DeclaredOption
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
    """Return the object with its declarations as plain values when it keeps its contract. Raises UnusableError."""
    if not isinstance(thing, kind):
        raise UnusableError(f"{hook} returned {describe(thing)} where a {kind.__name__} belongs.")
    values = guarded(type(thing).__name__, lambda: _declared(thing))
    return (DeclaredOption if kind is SendOption else DeclaredChannel)(thing, values)  # type: ignore[arg-type, return-value]


def _declared(thing: SendOption | Channel) -> dict[str, Any]:
    """Read each declaration once."""
    name = type(thing).__name__
    key = getattr(thing, "key", None)
    if not isinstance(key, str) or not str.__str__(key).strip():
        raise UnusableError(f"{name} has no key.")
    key = str.__str__(key)
    if not KEY.fullmatch(key):
        raise UnusableError(f"{name} has the key {key!r:.80}; a key must match {KEY.pattern}.")
    whole = f"{name} ({key!r})"
    found: dict[str, Any] = {"key": key}
    is_option = isinstance(thing, SendOption)
    for attribute in ("labels", "help") if is_option else ("labels",):
        found[attribute] = _texts(whole, attribute, getattr(thing, attribute, None))
    found["config_schema"] = _schema(whole, thing.config_schema)
    if isinstance(thing, SendOption):
        try:
            found |= {flag: declared.flag(flag, getattr(thing, flag)) for flag in declared.FLAGS}
            found["sentences"] = declared.sentences(thing.sentences)
        except (TypeError, ValueError) as error:
            raise UnusableError(f"{whole} cannot be used: {_told(error)}.") from None
    return found


def _texts(whole: str, attribute: str, by_language: object) -> dict[str, str]:
    if not isinstance(by_language, Mapping):
        raise UnusableError(f'{whole} has no {attribute}["en"].')
    try:
        found = declared.texts(attribute, by_language)
    except (TypeError, ValueError) as error:
        raise UnusableError(f"{whole} has {attribute} that are not text by language code: {_told(error)}.") from None
    if not found.get("en"):
        raise UnusableError(f'{whole} has no {attribute}["en"].')
    return found


def _schema(whole: str, given: object) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise UnusableError(f"{whole} has a config_schema that is no mapping.")
    try:
        found = declared.schema(given)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableError(f"{whole} has a config_schema that is no JSON: {error}.") from None
    if fault := fault_of(found):
        raise UnusableError(f"{whole} has a config_schema {fault.rstrip('.')}.")
    return found
