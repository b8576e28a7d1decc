"""Commands that are imported when they run."""

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from api.printable import printable


def lazy(module: str, name: str, start: str = "") -> Callable[..., object]:
    """Return a function that imports its module when it is called, so that the help does not load the server.

    ``start`` is a line for the start of a command that takes seconds, with ``{names}`` of its arguments.
    """

    def run(*args: Any, **kwargs: Any) -> object:
        if start:
            print(printable(start.format_map(kwargs)), file=sys.stderr, flush=True)
        with importing():
            function: Callable[..., object] = getattr(importlib.import_module(f"api.cli.{module}"), name)
        return function(*args, **kwargs)

    return run


@contextmanager
def importing() -> Iterator[None]:
    """Import modules without garbage collection: they leave little, and it takes a third of a server's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
