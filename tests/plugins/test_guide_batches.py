"""What docs/plugins.md says of batches, defaults and accounts is true."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.services.common.inputs import inputs
from plugins import Channel, Outcome, Outgoing, Session, hookimpl
from plugins.loading.manager import load
from plugins.testing import check_channel
from strategies import Refusal
from tests.plugins.test_guide import example, install


class Service:
    """Accepts batches, refuses those with a wrong email, or answers with one status."""

    def __init__(self) -> None:
        self.status = 200
        self.keys: list[str] = []
        self.accepted: list[bytes] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        emails = json.loads(request.content)
        self.keys.append(request.headers["Idempotency-Key"])
        messages = [base64.b64decode(each["message"]) for each in emails]
        if self.status != 200:
            return httpx.Response(self.status)
        if any(b"wrong" in each for each in messages):
            return httpx.Response(422)
        self.accepted += messages
        return httpx.Response(200, json={each["id"]: "accepted" for each in emails})


class Batching(Channel):
    key = "batching"
    labels = {"en": "Batching"}
    batch_size = 50
    supports_copies = True

    def __init__(self, service: Service) -> None:
        self.service = service

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        transport = httpx.MockTransport(self.service.answer)
        async with httpx.AsyncClient(base_url="https://examplemail.example", transport=transport) as client:
            yield example("class BatchSession")["BatchSession"](client)


def emails_of(*texts: bytes) -> list[Outgoing]:
    return [Outgoing(f"s{n}", "rep@example.org", "ann@example.com", text) for n, text in enumerate(texts)]


async def outcomes(service: Service, emails: list[Outgoing]) -> list[Outcome]:
    async def all_of_them() -> list[str]:
        return [each.send_id for each in emails]

    async with Batching(service).connect({}) as session:
        return [each.outcome for each in await session.deliver_many(emails, all_of_them)]


async def test_the_example_of_batches_keeps_the_contract() -> None:
    service = Service()
    await check_channel(Batching(service), transmitted=lambda: len(service.accepted))


async def test_one_wrong_email_does_not_keep_the_others_from_being_sent() -> None:
    service = Service()
    found = await outcomes(service, emails_of(b"one", b"wrong", b"three"))
    assert found == [Outcome.SENT, Outcome.FAILED, Outcome.SENT]
    assert service.accepted == [b"one", b"three"]
    assert len(set(service.keys)) == 4, "each request has a key of its own"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, Outcome.ACCOUNT_UNAVAILABLE),
        (404, Outcome.ACCOUNT_UNAVAILABLE),
        (413, Outcome.SOFT_BOUNCE),
        (500, Outcome.IN_DOUBT),
        (503, Outcome.ACCOUNT_UNAVAILABLE),
    ],
)
async def test_an_answer_without_statuses_counts_for_all_emails(status: int, outcome: Outcome) -> None:
    service = Service()
    service.status = status
    assert await outcomes(service, emails_of(b"one", b"two")) == [outcome, outcome]


def test_a_default_of_a_schema_is_not_filled_in() -> None:
    schema = {"type": "object", "properties": {"hour": {"type": "integer", "default": 9}}}
    assert inputs.config({}, schema, ("config",)) == {}


def test_a_channel_can_refuse_an_account_by_a_schema_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named(Channel):
        key = "named"
        labels = {"en": "Named"}

        def __init__(self, environment: Mapping[str, str]) -> None:
            accounts = {"enum": environment["NAMED_ACCOUNTS"].split(), "description": "One of the accounts."}
            self.config_schema = {  # type: ignore[misc]
                "type": "object",
                "properties": {"account": accounts},
                "required": ["account"],
                "additionalProperties": False,
            }

        @asynccontextmanager
        async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
            raise NotImplementedError
            yield

    @hookimpl
    def touchline_register_channels(environment: Mapping[str, str]) -> list[Channel]:
        return [Named(environment)]

    install(monkeypatch, {"touchline_register_channels": touchline_register_channels})
    installed = load({"NAMED_ACCOUNTS": "north south"})
    assert installed.broken == ()
    schema = installed.channels["named"].config_schema
    assert inputs.config({"account": "north"}, schema, ("channelConfig",)) == {"account": "north"}
    with pytest.raises(Refusal, match="nowhere"):
        inputs.config({"account": "nowhere"}, schema, ("channelConfig",))
