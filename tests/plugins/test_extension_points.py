"""A new kind of plugin is one row in the table of extension points."""

import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pytest

from plugins import hookimpl
from plugins.loading.declaration_checks import check_flag, check_texts
from plugins.loading.extension_points import EXTENSION_POINTS, ExtensionPoint
from plugins.loading.manager import Installed, load
from strategies import hookspec
from tests.plugins.packages import FakeEntry, Pigeon, channels


class Dialer(ABC):
    """A kind of plugin that Touchline does not have."""

    key: ClassVar[str]
    labels: ClassVar[Mapping[str, str]]
    pushes: ClassVar[bool] = False

    @abstractmethod
    def folder(self) -> str:
        """Name the folder."""


class DeclaredDialer(Dialer):
    def __init__(self, own: Dialer, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)

    def folder(self) -> str:
        return self.own.folder()


@hookspec
def touchline_register_dialers(environment: Mapping[str, str]) -> Iterable[Dialer]:
    raise AssertionError("a specification is never called")


DIALERS: ExtensionPoint[Dialer] = ExtensionPoint(
    noun="dialer",
    hookspec=touchline_register_dialers,
    contract=Dialer,  # type: ignore[type-abstract]
    wrapper=DeclaredDialer,
    checks={"labels": check_texts, "pushes": check_flag},
)


class Inbox(Dialer):
    key = "inbox"
    labels = {"en": "Inbox"}

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def folder(self) -> str:
        return self.environment["FOLDER"]


def contents(made: Any) -> dict[str, Any]:
    """The contents of a module that registers dialers."""

    @hookimpl
    def touchline_register_dialers(environment: Mapping[str, str]) -> list[Any]:
        return [made(environment)]

    return {"touchline_register_dialers": touchline_register_dialers}


def installed(monkeypatch: pytest.MonkeyPatch, **packages: dict[str, Any]) -> Installed:
    entries = [FakeEntry(name, found, name) for name, found in packages.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    return load({"FOLDER": "INBOX"}, (*EXTENSION_POINTS, DIALERS))


def test_a_package_registers_plugins_of_a_new_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    found = installed(monkeypatch, post=contents(Inbox) | channels(Pigeon()))
    assert found.broken == ()
    dialer = found.of(DIALERS)["inbox"]
    assert (dialer.folder(), dialer.labels, dialer.pushes) == ("INBOX", {"en": "Inbox"}, False)
    assert found.packages[-1].keys == {
        "touchline_register_send_options": (),
        "touchline_register_channels": ("pigeon",),
        "touchline_register_mailboxes": (),
        "touchline_register_webhooks": (),
        "touchline_register_crms": (),
        "touchline_register_dialers": ("inbox",),
    }


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda _: Pigeon(), "touchline_register_dialers returned a Pigeon where a Dialer belongs."),
        (type("Bare", (Inbox,), {"labels": {}}), "Bare ('inbox') has no labels[\"en\"]."),
        (type("Odd", (Inbox,), {"pushes": 1}), "Odd ('inbox') cannot be used: pushes is a int, and neither"),
        (type("Odd", (Inbox,), {"key": "a b"}), "Odd has the key 'a b'; a key has up to 64 letters"),
    ],
)
def test_its_checks_come_from_the_row(monkeypatch: pytest.MonkeyPatch, made: Any, expected: str) -> None:
    found = installed(monkeypatch, bad=contents(made))
    assert expected in found.broken[0].error
    assert found.of(DIALERS) == {}


def test_its_keys_are_unique_among_its_own_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    smtp = type("Smtp", (Inbox,), {"key": "smtp"})
    found = installed(monkeypatch, one=contents(smtp), two=contents(smtp))
    assert list(found.of(DIALERS)) == ["smtp"], "a dialer and a channel can have the same key"
    assert [broken.error for broken in found.broken] == [
        "dialer 'smtp' of two is already registered by one. Choose another key."
    ]


def test_a_misspelt_hook_is_told_all_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    @hookimpl
    def touchline_register_dialer() -> list[Any]:
        return []

    found = installed(monkeypatch, bad={"touchline_register_dialer": touchline_register_dialer})
    assert "touchline_register_dialers" in found.broken[0].error


def test_each_contract_has_a_declaration_for_each_check() -> None:
    for point in EXTENSION_POINTS:
        declared = {name for kind in point.contract.__mro__ for name in vars(kind).get("__annotations__", {})}
        assert declared == {"key", *point.checks}, point.noun
