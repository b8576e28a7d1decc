"""Webhooks of packages that break their contract: the provider gets a code, the log has the cause."""

import asyncio
import importlib.metadata
import json
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest

from api.services.plugin_health import webhooks
from plugins import (
    ReportedEvent,
    ReportedKind,
    Webhook,
    WebhookRefusedError,
    WebhookRequest,
    WebhookResult,
    WebhookStatus,
    hookimpl,
)
from plugins.loading.manager import load
from plugins.webhooks.codes import WebhookCode
from tests.client import new_client, serving
from tests.plugins.packages import FakeEntry
from tests.served import NOW


class IncompleteError(WebhookRefusedError):
    def __init__(self) -> None:
        Exception.__init__(self)


def refuse(headers: Any = None, code: Any = "NO", detail: Any = "No.", status: Any = WebhookStatus.FORBIDDEN) -> None:
    raise WebhookRefusedError(status, code, detail, headers)


def leave() -> None:
    raise SystemExit(1)


def incomplete() -> None:
    raise IncompleteError


def endless() -> Any:
    while True:
        yield ReportedEvent("1", ReportedKind.OPENED, None)  # type: ignore[arg-type]


WRONG: dict[str, Any] = {
    "exit": leave,
    "list": list,
    "text": lambda: WebhookResult(["event"]),  # type: ignore[list-item]
    "generator": lambda: WebhookResult(endless()),
    "mapping": lambda: WebhookResult({"key": "1"}),  # type: ignore[arg-type]
    "negative": lambda: WebhookResult([], ignored=-1),
    "many": lambda: WebhookResult([], ignored="many"),  # type: ignore[arg-type]
    "status": lambda: refuse(status=200),
    "code": lambda: refuse(code=None),
    "detail": lambda: refuse(detail=b"No."),
    "header name": lambda: refuse({"X-A\r\nX-B": "1"}),
    "header value": lambda: refuse({"X-A": "1\r\nX-B: 2"}),
    "header number": lambda: refuse({"Retry-After": 5}),
    "header of the body": lambda: refuse({"Content-Length": "2"}),
    "header key": lambda: refuse({5: "2"}),
    "incomplete": incomplete,
}


def install(monkeypatch: pytest.MonkeyPatch, webhook: Webhook) -> None:
    @hookimpl
    def touchline_register_webhooks() -> list[Any]:
        return [webhook]

    entries = [FakeEntry("odd", {"touchline_register_webhooks": touchline_register_webhooks}, "odd")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


CANCELLED = ("raise", "wait", "return")


async def cancel(how: str) -> WebhookResult:
    """Cancel the task that calls the package."""
    if how == "raise":
        raise asyncio.CancelledError
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    if how == "wait":
        await asyncio.sleep(60)
    return WebhookResult([])


class Odd(Webhook):
    key = "odd"
    labels = {"en": "Odd"}
    found: Any = ("",)

    def accounts(self) -> Any:
        if self.found is None:
            raise KeyError("ODD_SECRET")
        return self.found

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        how = request.query.get("how")
        if how in CANCELLED:
            return await cancel(how)
        if how is not None:
            return WRONG[how]()  # type: ignore[no-any-return]
        event = ReportedEvent(request.headers["x-id"], ReportedKind.OPENED, request.received_at, email_id="snd_1")
        return WebhookResult([event])


async def post(http: httpx.AsyncClient, path: str, **headers: str) -> tuple[int, Any]:
    answer = await http.post(f"/webhooks/{path}", content=b"{}", headers={"content-type": "application/json"} | headers)
    return answer.status_code, answer.json()


FAILED = {"code": "WEBHOOK_FAILED", "message": "The webhook failed. See the server's log."}


async def test_each_mistake_of_receive_is_an_error_with_a_code(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, Odd())
    async with serving(database_url) as http:
        for how in (*WRONG, *CANCELLED):
            caplog.clear()
            assert await post(http, f"odd?how={how}") == (500, {"error": FAILED}), how
            (record,) = [record for record in caplog.records if record.exc_info]
            assert record.getMessage() == "the webhook odd failed"
        assert (await post(http, "odd"))[0] == 500  # a header is missing
        assert await post(http, "odd", **{"X-Id": "1"}) == (200, {"received": 1, "new": 1, "ignored": 0})
        assert (await post(http, "odd/SALES"))[1]["error"]["code"] == "WEBHOOK_NOT_FOUND"


HEALTH = """{ plugins { registered { kind key
  health { state faultCode faultSentence faultAt nextTryAt } } } }"""


async def test_a_webhook_that_fails_says_so_in_the_api(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, Odd())
    async with serving(database_url) as http:
        client = await new_client(http, NOW)

        async def look() -> dict[str, Any]:
            plugins = (await client.ask(HEALTH))["plugins"]
            entries = [entry for plugin in plugins for entry in plugin["registered"] if entry["kind"] == "WEBHOOK"]
            found = {entry["key"]: entry["health"] for entry in entries}
            assert {health["state"] for key, health in found.items() if key != "odd"} == {"OK"}
            return found["odd"]  # type: ignore[no-any-return]

        assert (await look())["state"] == "OK"
        assert await post(http, "odd?how=status") == (500, {"error": FAILED})
        health = await look()
        assert (health["state"], health["faultCode"], health["nextTryAt"]) == ("FAILING", "WEBHOOK_FAILED", None)
        assert health["faultSentence"] == "The webhook failed with TypeError. The server's log has the traceback."
        assert health["faultAt"] is not None
        stored = AsyncMock()
        monkeypatch.setattr(webhooks, "_store", stored)
        for _ in range(3):
            assert (await post(http, "odd?how=exit"))[0] == 500
        assert stored.await_count == 0, "everyone can send requests that make a package fail"
        assert (await post(http, "odd?how=unknown"))[0] == 500


async def test_a_database_that_fails_does_not_change_the_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhooks, "_store", AsyncMock(side_effect=[OSError, None, None]))
    install(monkeypatch, Odd())
    faults = webhooks.WebhookFaults(load({}))
    fault = WebhookCode.WEBHOOK_FAILED.message()
    await faults.record("odd", fault, NOW)
    assert "cannot store the fault of the webhook odd: OSError" in caplog.text
    for seconds, count in ((59, 1), (60, 2), (-600, 3)):  # a clock that was set back
        await faults.record("odd", fault, NOW + timedelta(seconds=seconds))
        assert webhooks._store.await_count == count  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("accounts", "fault"),
    [
        ("SALES", "accounts() returned a str, not a list of names"),
        (5, "accounts() returned a int, not a list of names"),
        (["a/b"], "accounts() returned 'a/b'; a name is text of up to 90 printable characters, without a slash"),
        ([1], "accounts() returned 1;"),
        (["x" * 91], "a name is text of up to 90"),
        (["a\nb"], "printable"),
        (None, "ODD_SECRET"),
    ],
)
async def test_wrong_accounts_are_in_the_log_before_the_first_request(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accounts: Any, fault: str
) -> None:
    webhook = Odd()
    webhook.found = accounts
    install(monkeypatch, webhook)
    async with serving(database_url) as http:
        (record,) = [record for record in caplog.records if record.exc_info]
        assert record.getMessage() == "the webhook odd failed"
        assert fault in str(record.exc_info[1])  # type: ignore[index]
        assert await post(http, "odd") == (500, {"error": FAILED})


def test_a_header_that_a_package_may_set() -> None:
    refused = WebhookRefusedError(WebhookStatus.TRY_LATER, "BUSY", "Later.", {"Retry-After": "5"})
    assert (refused.headers, json.dumps(str(refused))) == ({"Retry-After": "5"}, '"Later."')
