"""Commands that are imported when they run."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

from api.printable import printable


def lazy(module: str, name: str, start: str = "") -> Callable[..., object]:
    """Return a function that imports its module when it is called, so that the help does not load the server.

    ``start`` is a line for the start of a command that takes seconds, with ``{names}`` of its arguments.
    """

    def run(*args: Any, **kwargs: Any) -> object:
        if start:
            print(printable(start.format_map(kwargs)), file=sys.stderr, flush=True)
        function: Callable[..., object] = getattr(importlib.import_module(f"api.cli.{module}"), name)
        return function(*args, **kwargs)

    return run
