"""CRMs, mailboxes and webhooks with one mistake each: the package is left out, and the message says what to change."""

import importlib.metadata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from plugins import (
    AccessField,
    AccessFieldKind,
    ConnectWay,
    Crm,
    Mailbox,
    Webhook,
    WebhookResult,
    hookimpl,
)
from plugins.loading.extension_points import EXTENSION_POINTS
from plugins.loading.manager import Installed, load
from strategies import SendOption
from tests.plugins.packages import Contents, FakeEntry, Quick

CONSENT = ConnectWay("login", {"en": "Login"}, [], asks_consent=True)
TOKEN = ConnectWay("token", {"en": "Token"}, [AccessField("token", AccessFieldKind.SECRET, {"en": "Token"})])
HOOKS: dict[type, str] = {point.contract: point.hook for point in EXTENSION_POINTS}


@asynccontextmanager
async def opened(self: Any, *_: Any) -> AsyncIterator[Any]:
    yield None


@asynccontextmanager
async def opened_without_host(self: Any, access: Any) -> AsyncIterator[Any]:
    yield None


@asynccontextmanager
async def opened_without_account(self: Any) -> AsyncIterator[Any]:
    yield None


@asynccontextmanager
async def opened_with_more(self: Any, account: Any, environment: Any) -> AsyncIterator[Any]:
    yield None


async def received(self: Any, request: Any) -> WebhookResult:
    return WebhookResult()


async def received_nothing(self: Any) -> WebhookResult:
    return WebhookResult()


async def received_more(self: Any, request: Any, body: Any) -> WebhookResult:
    return WebhookResult()


async def yielded(self: Any, request: Any) -> AsyncIterator[Any]:
    yield WebhookResult()


async def later(self: Any, *_: Any) -> Any:
    return []


async def plain(self: Any) -> None:
    return None


def crm(**attributes: Any) -> Any:
    usual = {"key": "rolodex", "labels": {"en": "Rolodex"}, "ways": [TOKEN], "open": opened}
    return type("Rolodex", (Crm,), usual | attributes)()


def mailbox(**attributes: Any) -> Any:
    usual = {"key": "inbox", "labels": {"en": "Inbox"}, "accounts": lambda self: ["inbox"], "open": opened}
    return type("Inbox", (Mailbox,), usual | attributes)()


def webhook(**attributes: Any) -> Any:
    usual = {"key": "bell", "labels": {"en": "Bell"}, "receive": received}
    return type("Bell", (Webhook,), usual | attributes)()


def option(**attributes: Any) -> Any:
    return type("Other", (Quick,), attributes)()


def contents(made: Any) -> Contents:
    """Return a module whose hook returns this object."""
    hook = next(hook for contract, hook in HOOKS.items() if isinstance(made, contract))

    def register() -> Any:
        return [made]

    register.__name__ = hook
    return {hook: hookimpl(register)}


BROKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "a CRM whose labels are blank": (lambda: crm(labels={"en": " "}), 'has no labels["en"].'),
    "a mailbox whose labels are blank": (lambda: mailbox(labels={"en": "\t"}), 'has no labels["en"].'),
    "a webhook whose labels are blank": (lambda: webhook(labels={"en": "\n"}), 'has no labels["en"].'),
    "a CRM whose key is a number": (lambda: crm(key=7), "Rolodex has a key that is a int, not a text."),
    "a CRM without a URL of consent": (
        lambda: crm(ways=[TOKEN, CONSENT], redeem_consent=later),
        "Rolodex ('rolodex') lacks consent_url(), which its declarations need. Define it in the class.",
    ),
    "a CRM that redeems no consent": (
        lambda: crm(ways=[CONSENT], consent_url=lambda self, access, consent: ""),
        "Rolodex ('rolodex') lacks redeem_consent(), which its declarations need.",
    ),
    "a CRM that opens without a host": (
        lambda: crm(open=opened_without_host),
        "Rolodex.open() has the parameters (self, access). Touchline calls it with (self, access, host).",
    ),
    "a CRM that revokes without an access": (
        lambda: crm(revoke=plain),
        "Rolodex.revoke() has the parameters (self). Touchline calls it with (self, access).",
    ),
    "a CRM whose URL of consent lacks the consent": (
        lambda: crm(ways=[CONSENT], consent_url=lambda self, access: "", redeem_consent=later),
        "Touchline calls it with (self, access, consent).",
    ),
    "a mailbox that opens without an account": (
        lambda: mailbox(open=opened_without_account),
        "Inbox.open() has the parameters (self). Touchline calls it with (self, account).",
    ),
    "a mailbox that opens with more": (lambda: mailbox(open=opened_with_more), "calls it with (self, account)."),
    "a mailbox whose accounts need more": (
        lambda: mailbox(accounts=lambda self, environment: []),
        "Inbox.accounts() has the parameters (self, environment). Touchline calls it with (self).",
    ),
    "a webhook that receives no request": (
        lambda: webhook(receive=received_nothing),
        "Bell.receive() has the parameters (self). Touchline calls it with (self, request).",
    ),
    "a webhook that receives more": (
        lambda: webhook(receive=received_more),
        "calls it with (self, request).",
    ),
    "a webhook that yields": (
        lambda: webhook(receive=yielded),
        "Bell.receive() has a yield; it must return its result.",
    ),
    "a webhook whose accounts need more": (
        lambda: webhook(accounts=lambda self, environment: []),
        "Bell.accounts() has the parameters (self, environment).",
    ),
    "an option that resolves nothing": (
        lambda: option(resolve=lambda self: None),
        "Other.resolve() has the parameters (self). Touchline calls it with (self, step).",
    ),
    "an option whose validate takes nothing": (
        lambda: option(validate=lambda self: None),
        "Touchline calls it with (self, config, campaign).",
    ),
}
Install = Callable[..., Installed]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def install(**made: Any) -> Installed:
        entries = [FakeEntry(name, contents(each), f"{name}_module") for name, each in made.items()]
        monkeypatch.setattr(
            importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else []
        )
        return load({})

    return install


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_named_with_what_to_change(case: str, install: Install) -> None:
    make, expected = BROKEN[case]
    installed = install(bad=make(), good=webhook(key="good"))
    (broken,) = installed.broken
    assert (broken.distribution, expected in broken.error) == ("bad", True), broken.error
    assert "good" in installed.webhooks


async def redeem(self: Any, access: Any, consent: Any, code: Any) -> dict[str, str]:
    return {}


@pytest.mark.parametrize(
    "made",
    [
        crm(),
        crm(ways=[CONSENT], consent_url=lambda self, access, consent: "", redeem_consent=redeem),
        crm(open=lambda self, a, h=None, *more, **names: opened(self)),
        mailbox(accounts=lambda self, quick=True: []),
        mailbox(accounts=staticmethod(list)),
        webhook(receive=lambda *arguments: received(*arguments[:2])),
        webhook(accounts=classmethod(lambda cls: [""])),
        option(validate=lambda self, config: None),
    ],
)
def test_other_ways_to_write_a_method(made: Crm | Mailbox | Webhook | SendOption, install: Install) -> None:
    assert install(good=made).broken == ()
