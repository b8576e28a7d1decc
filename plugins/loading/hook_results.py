"""Check the result of a package's hook at startup, so that a mistake cannot make a later request fail."""

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import FunctionType
from typing import Any, get_origin, get_type_hints

from plugins.loading.declaration_checks import UnusableError, one_line
from plugins.loading.extension_points import Contract, ExtensionPoint

KEY = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""A key of up to 64 characters, which steps and senders store."""

MAY_LACK = {"validate": ("campaign",)}
"""Parameters that a method of a package can leave out."""

ABSTRACT = re.compile(
    r"Can't instantiate abstract class (\w+) with(?:out an implementation for)? abstract methods? (.+)"
)
"""Python's own sentence about a class that lacks methods. Its end is a list such as ``'connect', 'deliver'``."""


def run_guarded(what: str, work: Callable[[], Any]) -> Any:
    """Run a package's code. Turns any exception, SystemExit included, into an UnusableError of one sentence."""
    try:
        return work()
    except UnusableError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, TypeError) and (lacking := ABSTRACT.fullmatch(one_line(error).partition(": ")[2])):
            them = "them" if "," in lacking[2] else "it"
            methods = " and ".join(f"{name.strip()}()" for name in lacking[2].replace("'", "").rstrip(".").split(","))
            raise UnusableError(f"the class {lacking[1]} lacks {methods}. Define {them} in the class.") from None
        fault, kind = f"{what} raised {one_line(error)}", type(error).__name__
    raise UnusableError(f"{fault.rstrip('.')}.", f"{what} raised {kind}.")


def collect(hook: str, result: Any) -> list[Any]:
    """Take the objects out of a hook's result, which can be any iterable."""
    if hasattr(result, "close") and hasattr(result, "cr_code"):
        result.close()
        raise UnusableError(f"{hook} is asynchronous; it must be a plain function.")
    if isinstance(result, (str, bytes, Mapping)) or not hasattr(result, "__iter__"):
        raise UnusableError(f"{hook} returned {describe(result)}; it must return a list of objects.")
    return list(run_guarded(f"{hook}'s result", lambda: list(result)))


def describe(thing: Any) -> str:
    """Name an object of a wrong type without calling its own code."""
    return f"the class {thing.__name__}, not an instance" if isinstance(thing, type) else f"a {type(thing).__name__}"


def check(point: ExtensionPoint[Contract], thing: Any) -> Contract:
    """Return the object with plain declarations. Raises UnusableError if it breaks its contract."""
    if not isinstance(thing, point.contract):
        raise UnusableError(f"{point.hook} returned {describe(thing)} where a {point.contract.__name__} belongs.")
    run_guarded(type(thing).__name__, lambda: _check_methods(point.contract, type(thing)))
    declarations = run_guarded(type(thing).__name__, lambda: _declarations(point, thing))
    for name in point.methods_for(declarations):
        if inspect.getattr_static(type(thing), name) is vars(point.contract)[name]:
            owner = f"{type(thing).__name__} ({declarations['key']!r})"
            raise UnusableError(f"{owner} lacks {name}(), which its declarations need. Define it in the class.")
    return point.wrapper(thing, declarations)


def _check_methods(contract: type, given: type) -> None:
    """Refuse methods that Touchline cannot call.

    They have other parameters than the contract's, or are asynchronous where it has plain ones: nobody would await
    them.
    """
    for name, method in vars(contract).items():
        own = inspect.getattr_static(given, name, None)
        if not isinstance(method, FunctionType) or own is method:
            continue
        _check_parameters(f"{given.__name__}.{name}", method, own)
        if inspect.isasyncgenfunction(own) and inspect.iscoroutinefunction(method):
            raise UnusableError(f"{given.__name__}.{name}() has a yield; it must return its result.")
        if inspect.iscoroutinefunction(method):
            continue
        if not (inspect.iscoroutinefunction(own) or inspect.isasyncgenfunction(own)):
            continue
        if get_origin(get_type_hints(method).get("return")) is AbstractAsyncContextManager:
            change = f"Put @asynccontextmanager before it, and let it yield the {_yielded(method)}"
        else:
            change = "Write it with def instead of async def"
        raise UnusableError(f"{given.__name__}.{name}() is asynchronous, which its contract does not allow. {change}.")


def _check_parameters(name: str, method: FunctionType, own: object) -> None:
    """Refuse a method that cannot be called with the arguments of the contract's."""
    if not isinstance(own, FunctionType):
        return
    called = list(inspect.signature(method).parameters.values())
    needed = [each for each in called if each.name not in MAY_LACK.get(method.__name__, ())]
    for parameters in (called, needed):
        keywords = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
        try:
            inspect.signature(own).bind(*[None] * (len(parameters) - len(keywords)), **dict.fromkeys(keywords))
        except TypeError:
            continue
        return
    given, wanted = (", ".join(inspect.signature(each).parameters) for each in (own, method))
    raise UnusableError(f"{name}() has the parameters ({given}). Touchline calls it with ({wanted}).")


def _yielded(method: FunctionType) -> str:
    return str(get_type_hints(method)["return"].__args__[0].__name__)


def _declarations(point: ExtensionPoint[Any], thing: Any) -> dict[str, Any]:
    """Read and check each declaration once."""
    key = _key(type(thing).__name__, getattr(thing, "key", None))
    owner = f"{type(thing).__name__} ({key!r})"
    values = {name: check(owner, name, getattr(thing, name, None)) for name, check in point.checks.items()}
    return {"key": key, **values}


def _key(owner: str, key: object) -> str:
    if key is not None and not isinstance(key, str):
        raise UnusableError(f"{owner} has a key that is a {type(key).__name__}, not a text.")
    if key is None or not str.__str__(key).strip():
        raise UnusableError(f"{owner} has no key.")
    key = str.__str__(key)
    if not KEY.fullmatch(key):
        raise UnusableError(
            f"{owner} has the key {key!r:.80}; a key has up to 64 letters, digits, _, . and -, and begins with a "
            "letter or digit."
        )
    return key
