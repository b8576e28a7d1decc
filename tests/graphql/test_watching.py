"""What an operator reads: whether the process is well, and numbers without names."""

import asyncio
from typing import Any

import pytest

from api import watching
from tests import story
from tests.client import Client


async def test_ready_says_so(client: Client) -> None:
    answer = await client.http.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_database_that_does_not_answer_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(watching, "run", hang)
    monkeypatch.setattr(watching, "backlog", hang)
    monkeypatch.setattr(watching, "PATIENCE", 0.01)
    answer = await client.http.get("/ready")
    assert (answer.status_code, answer.json()["problems"]) == (503, {"database": "It does not answer."})
    assert (await client.http.get("/metrics")).status_code == 200
    assert (await client.http.get("/health")).status_code == 200


async def test_the_numbers_hold_no_names(client: Client) -> None:
    await story.sender(client)
    await story.person(client)
    text = (await client.http.get("/metrics")).text
    for name in watching.ABOUT:
        assert f"\ntouchline_{name} 0.0" in text
    for name in ("claimed_total", "send_latency_seconds_count", "throttle_waits_total", "failed_steps_total"):
        assert f"touchline_{name}" in text
    assert "example.com" not in text
