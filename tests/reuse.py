"""What a process computes once when it starts, and tests would compute hundreds of times: kept between their starts."""

import importlib.metadata
import os
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pluggy
from graphql.language.visitor import EnterLeaveVisitor, Visitor
from tortoise import models
from tortoise.apps import Apps
from tortoise.migrations.schema_generator.state import ModelState
from tortoise.models import Model

from api.store.engine import database
from api.store.engine.sqlite import sqlite_readers


def reuse() -> None:
    """Let tests that open a database, or load the plugins, reuse what the test before has computed."""
    Apps._build_initial_querysets = _once_for_each_dialect(Apps._build_initial_querysets)  # type: ignore[method-assign]
    ModelState.render = _without_filters(ModelState.render)  # type: ignore[method-assign]
    importlib.metadata.entry_points = _once_for_each_path(importlib.metadata.entry_points)
    importlib.metadata.version = _once_for_each_path(importlib.metadata.version)
    database.prepare_file = _unless_copied(database.prepare_file)
    sqlite_readers.MAX_READERS = 1  # each reads the schema, which takes 4 ms, and few tests read at the same time
    Visitor.get_enter_leave_for_kind = _get_enter_leave_for_kind  # type: ignore[method-assign]
    pluggy.PluginManager.parse_hookimpl_opts = _once_for_each_name(pluggy.PluginManager.parse_hookimpl_opts)  # type: ignore[method-assign]


_copies: dict[str, int] = {}


def copied(file: str) -> None:
    """Remember that a file is a copy of a good database, and that nobody has touched it."""
    _copies[file] = os.stat(file).st_ctime_ns


def _unless_copied(prepare: Callable[[str], None]) -> Callable[[str], None]:
    """Check a SQLite file before it is opened, unless it is such a copy. Checking one takes 7 ms."""

    def prepare_file(path: str) -> None:
        known = _copies.pop(path, None)
        if known is None or os.stat(path).st_ctime_ns != known:
            prepare(path)

    return prepare_file


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


def _without_filters(render: Any) -> Any:
    """Render the models of migrations without what filters them: none is queried. It takes a fifth of a migration."""

    def rendered(*args: Any, **params: Any) -> Any:
        with patch.object(models, "get_filters_for_field", lambda *_, **__: {}):
            return render(*args, **params)

    return rendered


@cache
def _methods_for(visitor: type[Visitor], kind: str) -> tuple[str | None, str | None]:
    """Return the names of the methods with which visitors of a class enter and leave a kind of nodes."""
    found = ((f"{when}_{kind}", when) for when in ("enter", "leave"))
    enter, leave = (next((name for name in names if getattr(visitor, name, None)), None) for names in found)
    return enter, leave


def _get_enter_leave_for_kind(self: Visitor, kind: str) -> EnterLeaveVisitor:
    """Look for these methods once for each class of visitors. Each new document has 30 visitors of its own."""
    found = self.enter_leave_map.get(kind)
    if found is None:
        enter, leave = _methods_for(type(self), kind)
        found = EnterLeaveVisitor(enter and getattr(self, enter), leave and getattr(self, leave))
        self.enter_leave_map[kind] = found
    return found


def _once_for_each_path(read: Any) -> Any:
    """Read what is said of installed packages once for each value of the module search path."""

    @cache
    def kept(_path: tuple[str, ...], *args: Any, **params: Any) -> Any:
        return read(*args, **params)

    def reading(*args: Any, **params: Any) -> Any:
        return kept(tuple(sys.path), *args, **params)

    return reading


def _once_for_each_name(parse: Any) -> Any:
    """Look once whether a name of one of Touchline's own modules of plugins is a hook. Most are not."""
    kept: dict[tuple[str, str], Any] = {}

    def parse_hookimpl_opts(self: pluggy.PluginManager, plugin: Any, name: str) -> Any:
        own = isinstance(plugin, ModuleType) and plugin.__name__.startswith("plugins.")
        if not own or sys.modules.get(plugin.__name__) is not plugin:
            return parse(self, plugin, name)
        key = plugin.__name__, name
        if key not in kept:
            kept[key] = parse(self, plugin, name)
        return None if kept[key] is None else dict(kept[key])

    return parse_hookimpl_opts
