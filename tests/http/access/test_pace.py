"""Websocket messages are read at a pace that each workspace has for itself."""

import asyncio

import pytest

from api.http.access.workspace_limits import MessageRateLimit


async def test_a_flood_is_slowed_down_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    pace = MessageRateLimit(per_second=0.1, burst=5)
    for _ in range(20):
        await pace.wait("hostile")
    assert waits[:5] == [0.0] * 5
    assert waits[-1] == pytest.approx(150, abs=5)
    await pace.wait("other")
    assert waits[-1] == 0.0
