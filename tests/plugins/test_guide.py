"""The examples in docs/plugins.md work as they stand there."""

import asyncio
import hashlib
import hmac
import importlib.metadata
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli.plugins.channel_template import CHANNEL
from api.services.common.inputs import inputs
from plugins import AccountUnavailableError, Channel, Outcome, Outgoing, WebhookRefusedError, WebhookRequest
from plugins.loading.manager import load
from plugins.mailboxes.contract import MailBatch
from plugins.testing import assert_send_option, check_channel
from strategies import Position, Refusal, StepType
from tests.plugins.packages import FakeEntry

GUIDE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
TABLE_OF_STATUSES = [row for row in GUIDE.splitlines() if re.match(r"\| [2-5](xx|\d\d)", row)]
STREAM = {"stream": "north"}
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
Make = Callable[..., Outgoing]


def example(word: str) -> dict[str, Any]:
    """Run the one example with this word. Returns its names."""
    (found,) = (block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if word in block)
    contents: dict[str, Any] = {}
    exec(compile(found, "docs/plugins.md", "exec"), contents)
    return contents


def install(monkeypatch: pytest.MonkeyPatch, contents: dict[str, Any]) -> None:
    entries = [FakeEntry("partner", contents, "partner")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])


def installed(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Channel:
    """Load the example of a channel as an installed package."""
    install(monkeypatch, example("class ExampleMailChannel"))
    found = load(environment)
    assert found.broken == ()
    return found.channels["examplemail"]


def test_the_example_of_a_send_option_is_not_for_the_first_email(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, example("class Lunch"))
    lunch = load({}).send_options["lunch"]
    assert not lunch.availability(Position(1, 1, None, False)).available
    assert lunch.availability(Position(2, 1, StepType.EMAIL, False)).available


class Service:
    """Answers every request with one status, or hangs up; and remembers what it was sent."""

    def __init__(self) -> None:
        self.status, self.port = 202, 0
        self.requests: list[bytes] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        self.requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
        if self.status:
            writer.write(
                b"HTTP/1.1 %d Told\r\nContent-Length: 0\r\nRetry-After: 120\r\nLocation: /moved\r\n"
                b"Connection: close\r\n\r\n" % self.status
            )
        writer.close()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    async with await asyncio.start_server(made.answer, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@pytest.fixture
def examplemail(monkeypatch: pytest.MonkeyPatch, service: Service) -> Channel:
    monkeypatch.setenv("no_proxy", "*")
    return installed(monkeypatch, EXAMPLEMAIL_URL=f"http://127.0.0.1:{service.port}", EXAMPLEMAIL_TOKEN="t")


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (202, Outcome.SENT, "ACCEPTED"),
        (204, Outcome.SENT, "ACCEPTED"),
        (301, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_301"),
        (302, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_302"),
        (307, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_307"),
        (400, Outcome.FAILED, "HTTP_400"),
        (401, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_401"),
        (403, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_403"),
        (404, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_404"),
        (405, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_405"),
        (408, Outcome.DEFERRED, "HTTP_408"),
        (409, Outcome.IN_DOUBT, "HTTP_409"),
        (413, Outcome.SOFT_BOUNCE, "HTTP_413"),
        (422, Outcome.FAILED, "HTTP_422"),
        (429, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_429"),
        (500, Outcome.IN_DOUBT, "HTTP_500"),
        (502, Outcome.IN_DOUBT, "HTTP_502"),
        (503, Outcome.ACCOUNT_UNAVAILABLE, "HTTP_503"),
        (504, Outcome.IN_DOUBT, "HTTP_504"),
        (0, Outcome.IN_DOUBT, "CONNECTION_LOST"),
    ],
)
async def test_the_example_of_a_channel(
    examplemail: Channel, service: Service, outgoing: Make, permission: Any, status: int, outcome: Outcome, code: str
) -> None:
    service.status = status
    async with examplemail.connect(STREAM) as session:
        receipt = await session.deliver(outgoing(), permission)
    assert (receipt.outcome, receipt.code, permission.asked) == (outcome, code, 1)
    if outcome is Outcome.ACCOUNT_UNAVAILABLE:
        assert receipt.retry_after == 120
    row = next((row for row in TABLE_OF_STATUSES if re.search(rf"\b{status}\b|2xx|3xx", row) and outcome in row), "")
    assert row or not status, "the table of the guide has the status with this outcome"
    (request,) = service.requests
    assert request.startswith(b"POST /north HTTP/1.1\r\n")
    assert b"Idempotency-Key: s1\r\n" in request
    assert request.endswith(b"\r\n\r\nSubject: Hello\r\n\r\nHi Ann\r\n")


def channel_of(scaffold: bool) -> dict[str, Any]:
    """Return the names of the guide's channel, or of the one that ``touchline plugins new`` writes."""
    if not scaffold:
        return example("class ExampleMailChannel")
    names = {"CLASS": "ExampleMail", "KEY": "examplemail", "CODE": "EXAMPLEMAIL", "LABEL": "ExampleMail"}
    contents: dict[str, Any] = {}
    exec(re.sub("@([A-Z]+)@", lambda found: names[found[1]], CHANNEL), contents)
    return contents


@pytest.mark.parametrize("scaffold", [False, True])
async def test_an_error_before_the_request_is_of_the_account(outgoing: Make, permission: Any, scaffold: bool) -> None:
    """The service refuses the connection, does not speak TLS, or the settings are wrong: nobody is asked."""

    async def no_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    contents = channel_of(scaffold)
    async with await asyncio.start_server(no_tls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for url, token in (
            ("http://127.0.0.1:1", "t"),
            (f"https://127.0.0.1:{port}", "t"),
            (f"http://127.0.0.1:{port}/a b", "t"),
            (f"http://127.0.0.1:{port}", "t\nt"),
            ("http://127.0.0.1:port", "t"),
        ):
            channel = contents["ExampleMailChannel"]({"EXAMPLEMAIL_URL": url, "EXAMPLEMAIL_TOKEN": token})
            async with channel.connect(STREAM) as session:
                receipt = await session.deliver(outgoing(), permission)
            assert (receipt.outcome, receipt.code) == (Outcome.ACCOUNT_UNAVAILABLE, "CONNECTION_FAILED"), url
    assert permission.asked == 0
    for url in ("", "examplemail.example", "ftp://examplemail.example"):
        channel = contents["ExampleMailChannel"]({"EXAMPLEMAIL_URL": url, "EXAMPLEMAIL_TOKEN": "t"})
        with pytest.raises(AccountUnavailableError, match="EXAMPLEMAIL_URL"):
            await channel.connect(STREAM).__aenter__()


def test_retry_after_and_the_statuses_of_the_new_channel_are_those_of_the_guide() -> None:
    guide, new = channel_of(False), channel_of(True)
    date = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for read in (guide["retry_after"], new["retry_after"]):
        assert [read(each) for each in ("", "soon", "7", "Mon, 02 Mar 2026 09:00:00 GMT")] == [None, None, 7.0, date]
    for status in range(200, 600):
        assert guide["receipt_of"](status, None) == new["receipt_of"](status, None)


async def test_the_examples_pass_the_kit(examplemail: Channel, service: Service) -> None:
    await check_channel(examplemail, [STREAM], transmitted=lambda: len(service.requests), secrets=["Bearer"])
    assert_send_option(example("class Lunch")["Lunch"](), [{"hour": 12}], zones=["Europe/Berlin"], examples=12)


async def test_the_example_lets_the_account_wait_without_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    examplemail = installed(monkeypatch)
    assert examplemail.account(STREAM) == "examplemail:north"
    with pytest.raises(AccountUnavailableError, match="EXAMPLEMAIL_URL") as waits:
        async with examplemail.connect(STREAM):
            raise AssertionError("it was opened")
    assert waits.value.here


def test_what_the_example_keeps_for_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = installed(monkeypatch).config_schema
    assert inputs.config(STREAM, schema, ("channelConfig",)) == STREAM
    with pytest.raises(Refusal) as refused:
        inputs.config({"stream": "North!"}, schema, ("channelConfig",))
    countries = {
        "type": "object",
        "properties": {"country": {"enum": [f"X{n}" for n in range(99)], "description": "Where."}},
    }
    with pytest.raises(Refusal) as of_enum:
        inputs.config({"country": "BQ"}, countries, ("config",))
    assert of_enum.value.message.startswith('"BQ" is not one of "X0", "X1", ')
    assert of_enum.value.message.endswith('", …. Where.')
    assert refused.value.message == '"North!" is not valid. The stream\'s name, a to z.'


async def test_the_example_of_a_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, example("class ExampleMailWebhook"))
    assert load({}).webhooks["examplemail"].accounts() == [], "it does not exist without its setting"
    found = load({"EXAMPLEMAIL_SECRET": "s"})
    assert found.broken == ()
    webhook = found.webhooks["examplemail"]
    event = {"id": "1", "kind": "opened", "time": 1772438400, "email": "snd_1"}
    body = json.dumps([event, event | {"kind": "lost"}]).encode()
    signature = hmac.new(b"s", body, hashlib.sha256).hexdigest()
    result = await webhook.receive(WebhookRequest("", {"x-examplemail-signature": signature}, {}, body, NOW))
    assert [(each.key, each.kind, each.email_id) for each in result.events] == [("1", "OPENED", "snd_1")]
    assert result.ignored == 1
    with pytest.raises(WebhookRefusedError, match="signature"):
        await webhook.receive(WebhookRequest("", {}, {}, body, NOW))


class Inbox:
    """The service of the mailbox: mails by number, and the answer that the next request gets instead."""

    def __init__(self, mails: int) -> None:
        self.mails = [{"id": f"m{n}", "raw": "Subject: Hi\r\n\r\nHi", "at": NOW.isoformat()} for n in range(mails)]
        self.instead: list[int | Exception] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer t0ken"
        if self.instead:
            instead = self.instead.pop(0)
            if isinstance(instead, Exception):
                raise instead
            return httpx.Response(instead)
        params = request.url.params
        start = int(params.get("after", "0"))
        page = self.mails[start : start + int(params.get("limit", "0"))]
        return httpx.Response(200, json={"mails": page, "last": str(start + len(page))})


async def test_the_example_of_a_mailbox_hands_over_each_mail_once(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = example("class ExampleMailMailbox")
    install(monkeypatch, contents)
    settings = {"EXAMPLEMAIL_URL": "https://examplemail.example", "EXAMPLEMAIL_TOKEN": "t0ken"}
    assert load({}).mailboxes["examplemail"].accounts() == []
    assert load(settings).mailboxes["examplemail"].accounts() == ["examplemail"]
    inbox = Inbox(60)
    mailbox = contents["ExampleMailMailbox"](settings, httpx.MockTransport(inbox.answer))
    async with mailbox.open("examplemail") as session:
        batches = [each async for each in session.mails({}, NOW)]
        assert [(each.cursor, len(each.mails)) for each in batches] == [("50", 50), ("60", 10)]
        assert [each async for each in session.mails({"inbox": "60"}, NOW)] == [MailBatch("inbox", "60")]
        await session.wait(0)
        inbox.instead = [httpx.ReadError("gone")]
        with pytest.raises(AccountUnavailableError, match="ReadError"):
            _ = [each async for each in session.mails({}, NOW)]
    for answer, code in ((401, "HTTP_401"), (httpx.ConnectError("no"), "CONNECTION_FAILED")):
        inbox.instead = [answer]
        with pytest.raises(AccountUnavailableError) as refused:
            await mailbox.open("examplemail").__aenter__()
        assert refused.value.code == code
