import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from touchline.partners import AccountUnavailableError, Outcome, Outgoing, load
from touchline.testing import assert_channel
from touchline_http_channel import ExampleMailChannel

SETTINGS = {"EXAMPLEMAIL_URL": "https://examplemail.example", "EXAMPLEMAIL_TOKEN": "secret"}
STREAM = {"stream": "north"}
EMAIL = Outgoing("snd_1", "rep@example.org", "ann@example.com", b"Subject: Hello\r\n\r\nHi Ann\r\n")


class Service:
    """Answers as the test says, and keeps the requests."""

    def __init__(self, answer):
        self.answer, self.requests = answer, []

    def __call__(self, request):
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_contract():
    service = Service(httpx.Response(202))
    channel = ExampleMailChannel(SETTINGS, httpx.MockTransport(service))
    assert_channel(
        channel, [STREAM, {"stream": "south"}], transmitted=lambda: len(service.requests), secrets=["secret"]
    )


def deliver(answer, allowed=True):
    """Return the receipt of one email, and the requests that the service got."""
    return asyncio.run(delivering(answer, allowed))


async def delivering(answer, allowed):
    service = Service(answer)
    asked = []

    async def about_to_transmit():
        asked.append(len(service.requests))
        return allowed

    channel = ExampleMailChannel(SETTINGS, httpx.MockTransport(service))
    async with channel.connect(STREAM) as session:
        receipt = await session.deliver(EMAIL, about_to_transmit)
    assert asked == [0], "it is asked once, before the first byte"
    return receipt, service.requests


@pytest.mark.parametrize(
    ("answer", "outcome", "code", "wait"),
    [
        (httpx.Response(202), Outcome.SENT, "HTTP_202", None),
        (httpx.Response(204), Outcome.SENT, "HTTP_204", None),
        (httpx.Response(302, headers={"Location": "/"}), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_302", None),
        (httpx.Response(400), Outcome.FAILED, "HTTP_400", None),
        (httpx.Response(404), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_404", None),
        (httpx.Response(408), Outcome.DEFERRED, "HTTP_408", None),
        (httpx.Response(409), Outcome.IN_DOUBT, "HTTP_409", None),
        (httpx.Response(413), Outcome.SOFT_BOUNCE, "HTTP_413", None),
        (httpx.Response(401), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_401", None),
        (httpx.Response(429, headers={"Retry-After": "120"}), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_429", 120.0),
        (httpx.Response(429), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_429", None),
        (httpx.Response(503, headers={"Retry-After": "soon"}), Outcome.ACCOUNT_UNAVAILABLE, "HTTP_503", None),
        (
            httpx.Response(503, headers={"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT"}),
            Outcome.ACCOUNT_UNAVAILABLE,
            "HTTP_503",
            datetime(2026, 3, 2, 9, tzinfo=UTC),
        ),
        (httpx.Response(500), Outcome.IN_DOUBT, "HTTP_500", None),
        (httpx.ConnectError("refused"), Outcome.ACCOUNT_UNAVAILABLE, "CONNECTION_FAILED", None),
        (httpx.ReadTimeout("slow"), Outcome.IN_DOUBT, "CONNECTION_LOST", None),
    ],
)
def test_what_each_answer_means(answer, outcome, code, wait):
    receipt, requests = deliver(answer)
    assert len(requests) == 1
    assert (receipt.outcome, receipt.code, receipt.retry_after) == (outcome, code, wait)
    assert "secret" not in receipt.detail


def test_what_the_service_gets():
    _, (request,) = deliver(httpx.Response(202))
    assert (request.method, str(request.url)) == ("POST", "https://examplemail.example/north")
    assert request.headers["Idempotency-Key"] == "snd_1"
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.content == EMAIL.message


def test_a_withdrawn_email_is_not_sent():
    receipt, requests = deliver(httpx.Response(202), allowed=False)
    assert (receipt.outcome, requests) == (Outcome.WITHDRAWN, [])


async def opened(channel):
    async with channel.connect(STREAM):
        pass


def test_without_its_settings_only_this_process_stops():
    channel = ExampleMailChannel({})
    assert asyncio.run(channel.trouble()) == "Set EXAMPLEMAIL_URL and EXAMPLEMAIL_TOKEN."
    with pytest.raises(AccountUnavailableError) as waits:
        asyncio.run(opened(channel))
    assert waits.value.here


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "examplemail" in installed.channels
