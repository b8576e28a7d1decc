"""Commands that are imported when they run."""

import importlib
from collections.abc import Callable
from typing import Any


def lazy(module: str, name: str) -> Callable[..., object]:
    """Return a function that imports its module when it is called, so that the help does not load the server."""

    def run(*args: Any, **kwargs: Any) -> object:
        function: Callable[..., object] = getattr(importlib.import_module(f"api.cli.{module}"), name)
        return function(*args, **kwargs)

    return run
