"""What a process computes once when it starts, and tests would compute hundreds of times: kept between their starts."""

import importlib.metadata
import sys
from functools import cache
from typing import Any

from tortoise.apps import Apps
from tortoise.models import Model


def reuse() -> None:
    """Let tests that open a database, or load the plugins, reuse what the test before has computed."""
    Apps._build_initial_querysets = _once_for_each_dialect(Apps._build_initial_querysets)  # type: ignore[method-assign]
    importlib.metadata.entry_points = _once_for_each_path(importlib.metadata.entry_points)
    importlib.metadata.version = _once_for_each_path(importlib.metadata.version)


def _once_for_each_dialect(build: Any) -> Any:
    """Prepare the models for their queries only when another kind of database is opened than before."""
    prepared: list[tuple[type, tuple[type[Model], ...]]] = []

    def build_initial_querysets(self: Apps) -> None:
        models = tuple(model for app in self.apps.values() for model in app.values())
        wanted = (models[0]._meta.db.executor_class, models) if models else None
        if wanted is None or prepared != [wanted]:
            prepared.clear()
            build(self)
            prepared.extend([wanted] if wanted else [])

    return build_initial_querysets


def _once_for_each_path(read: Any) -> Any:
    """Read what is said of installed packages once for each value of the module search path."""

    @cache
    def kept(_path: tuple[str, ...], *args: Any, **params: Any) -> Any:
        return read(*args, **params)

    def reading(*args: Any, **params: Any) -> Any:
        return kept(tuple(sys.path), *args, **params)

    return reading
