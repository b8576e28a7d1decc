"""What an operator reads: whether the process is well, and numbers without names."""

import asyncio
from contextlib import suppress

import pytest

from api import watching
from tests import story
from tests.client import Client


async def test_ready_says_so(client: Client) -> None:
    answer = await client.http.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_database_that_does_not_answer_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    thawed, asked = asyncio.Event(), []

    async def hang(what: object) -> None:
        asked.append(what)
        while not thawed.is_set():  # as a query of asyncpg, whose cancelling waits for the server
            with suppress(asyncio.CancelledError):
                await thawed.wait()

    monkeypatch.setattr(watching, "try_database", lambda: hang("a write"))
    monkeypatch.setattr(watching, "backlog", hang)
    monkeypatch.setattr(watching, "PATIENCE", 0.01)
    async with asyncio.timeout(5):
        for _ in range(3):
            answer = await client.http.get("/ready")
            assert (answer.status_code, answer.json()["problems"]) == (503, {"database": "It does not answer."})
            metrics = await client.http.get("/metrics")
            assert metrics.status_code == 200
            assert "touchline_due" not in metrics.text
            assert "touchline_claimed_total" in metrics.text
        assert (await client.http.get("/health")).status_code == 200
    assert len(asked) == 2, "hung looks pile up"
    assert "not ready: the database cannot be used: no answer within 0.01 s" in caplog.messages
    thawed.set()
    await asyncio.sleep(0)
    monkeypatch.undo()
    assert (await client.http.get("/ready")).status_code == 200


async def test_an_error_without_a_text_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def silent(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(watching, "try_database", silent)
    assert (await client.http.get("/ready")).status_code == 503
    assert "not ready: the database cannot be used: TimeoutError" in caplog.messages


async def test_the_numbers_hold_no_names(client: Client) -> None:
    await story.sender(client)
    await story.person(client)
    text = (await client.http.get("/metrics")).text
    for name in watching.ABOUT:
        assert f"\ntouchline_{name} 0.0" in text
    for name in ("claimed_total", "send_latency_seconds_count", "throttle_waits_total", "failed_steps_total"):
        assert f"touchline_{name}" in text
    assert "example.com" not in text
