"""Packages that are not really installed, most of them broken."""

import types
from collections.abc import Callable, Mapping
from typing import Any

from plugins import Channel, hookimpl
from plugins.channels.record import RecordChannel
from strategies.options.task import Task

Contents = Mapping[str, Any] | BaseException


class Pigeon(RecordChannel):
    key = "pigeon"
    labels = {"en": "Pigeon"}


class Quick(Task):
    key = "quick"


class FakeEntry:
    """An entry point of a distribution that is not really there."""

    def __init__(self, distribution: str, contents: Contents, value: str) -> None:
        self.dist = types.SimpleNamespace(name=distribution, version="1.2")
        self.name, self.value = "main", value
        self._contents = contents

    def load(self) -> Any:
        if isinstance(self._contents, BaseException):
            raise self._contents
        module = types.ModuleType(self.value)
        vars(module).update(self._contents)
        return module


def channels(*found: Any) -> dict[str, Any]:
    """The contents of a module whose channel hook returns these."""

    @hookimpl
    def touchline_register_channels() -> Any:
        return found

    return {"touchline_register_channels": touchline_register_channels}


def options(*found: Any) -> dict[str, Any]:
    @hookimpl
    def touchline_register_send_options() -> Any:
        return found

    return {"touchline_register_send_options": touchline_register_send_options}


def hook(result: Callable[[], Any]) -> dict[str, Any]:
    @hookimpl
    def touchline_register_channels() -> Any:
        return result()

    return {"touchline_register_channels": touchline_register_channels}


def variant(**attributes: Any) -> Channel:
    made: Channel = type("Variant", (Pigeon,), attributes)()
    return made


async def asynchronous(*_: Any) -> Any:
    """A method of a package that nobody awaits."""


async def generator(*_: Any) -> Any:
    yield None


def exit_now() -> Any:
    raise SystemExit("bye")


async def later() -> list[Channel]:
    return []


def misspelt() -> dict[str, Any]:
    @hookimpl
    def touchline_register_chanels() -> Any:
        return []

    return {"touchline_register_chanels": touchline_register_chanels}


@hookimpl(specname="touchline_register_chanels")
def misnamed() -> Any:
    return []


@hookimpl
def wants_more(environment: Any, more: Any) -> Any:
    return []


@hookimpl(wrapper=True)
def wrapper() -> Any:
    return (yield)


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def unmarked() -> Any:
    return []


def circle() -> dict[str, Any]:
    """A schema that contains itself."""
    made: dict[str, Any] = {"type": "object"}
    made["properties"] = {"again": made}
    return made
