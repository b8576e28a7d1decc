"""The recorder: hits are stored in batches, kept while the database is away, and bounded in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from api.services.tracking import recorder as module
from api.services.tracking.machine_rules import Agent
from api.services.tracking.recorder import REPEATED_WITHIN, HitRecorder
from plugins.incoming import ReportedEvent, ReportedKind
from tests.live import until
from tests.services.world import NOW


@dataclass
class Database:
    """Stores batches, unless it is away."""

    away: bool = False
    frozen: asyncio.Event | None = None
    batches: list[list[ReportedEvent]] = field(default_factory=list)
    attempts: int = 0

    async def store(self, events: Sequence[ReportedEvent]) -> None:
        self.attempts += 1
        if self.frozen is not None:
            await self.frozen.wait()
        if self.away:
            raise ConnectionError("nobody listens")
        self.batches.append(list(events))

    @property
    def stored(self) -> list[ReportedEvent]:
        return [event for batch in self.batches for event in batch]


@asynccontextmanager
async def running(recorder: HitRecorder) -> AsyncIterator[None]:
    task = asyncio.create_task(recorder.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_click_stores_everything_that_waits() -> None:
    database = Database()
    recorder = HitRecorder(database.store, lambda: NOW)
    async with running(recorder):
        for number in range(3):
            recorder.record_open(f"snd_{number}", Agent.BROWSER)
        await recorder.record_click("snd_0", Agent.BROWSER, "https://a.example/")
    (batch,) = database.batches
    assert [event.kind for event in batch] == [ReportedKind.OPENED] * 3 + [ReportedKind.CLICKED]
    assert len({event.key for event in batch}) == 4
    assert (batch[0].email_id, batch[0].detail, batch[0].at, batch[0].ip, batch[0].user_agent) == (
        "snd_0", "BROWSER", NOW, "", ""
    )  # fmt: skip


async def test_opens_are_stored_without_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAIT_SECONDS", 0.001)
    database = Database()
    recorder = HitRecorder(database.store, lambda: NOW)
    async with running(recorder):
        recorder.record_open("snd_0", Agent.BROWSER)
        await until(lambda: len(database.stored) == 1)
        recorder.record_open("snd_1", Agent.BROWSER)
        await until(lambda: len(database.stored) == 2)


async def test_nothing_is_lost_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(module, "CLICK_WAIT_SECONDS", 0.001)
    database = Database(away=True)
    recorder = HitRecorder(database.store, lambda: NOW)
    async with running(recorder):
        await recorder.record_click("snd_0", Agent.BROWSER, "https://a.example/")
        recorder.record_open("snd_0", Agent.BROWSER)
        await until(lambda: database.attempts > 2)
        database.away = False
        await until(lambda: len(database.stored) == 2)
    assert [event.kind for event in database.stored] == [ReportedKind.CLICKED, ReportedKind.OPENED]


async def test_a_frozen_database_delays_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLICK_WAIT_SECONDS", 0.001)
    database = Database(frozen=asyncio.Event())
    recorder = HitRecorder(database.store, lambda: NOW)
    async with running(recorder):
        await asyncio.gather(
            *(recorder.record_click(f"snd_{n}", Agent.BROWSER, "https://a.example/") for n in range(5))
        )
        assert database.stored == []
    database.frozen.set()  # type: ignore[union-attr]
    await recorder.close()
    assert len(database.stored) == 5


async def test_what_is_left_is_stored_at_the_end() -> None:
    database = Database()
    recorder = HitRecorder(database.store, lambda: NOW)
    for number in range(module.MAX_BATCH_EVENTS * 2 + 1):
        recorder.record_open(f"snd_{number}", Agent.BROWSER)
    await recorder.close()
    assert [len(batch) for batch in database.batches] == [500, 500, 1]
    database.away = True
    recorder.record_open("snd_last", Agent.BROWSER)
    await recorder.close()
    assert len(database.stored) == module.MAX_BATCH_EVENTS * 2 + 1


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_EVENTS", 10)
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    database = Database()
    recorder = HitRecorder(database.store, lambda: NOW)
    for number in range(30):
        recorder.record_open(f"snd_{number}", Agent.BROWSER)
    await asyncio.wait_for(recorder.record_click("snd_0", Agent.BROWSER, "https://a.example/"), 60)
    await recorder.close()
    assert len(database.stored) == 10
    assert "21 opens and clicks were dropped" in caplog.text
    assert len(recorder._recent) == 10


async def test_repeated_hits_of_one_kind_of_program_count_once() -> None:
    now = [NOW]
    database = Database()
    recorder = HitRecorder(database.store, lambda: now[0])
    for seconds, agent in ((0, Agent.BROWSER), (5, Agent.BROWSER), (9, Agent.GMAIL_PROXY), (9.9, Agent.BROWSER)):
        now[0] = NOW + timedelta(seconds=seconds)
        recorder.record_open("snd_0", agent)
    now[0] = NOW + REPEATED_WITHIN
    recorder.record_open("snd_0", Agent.BROWSER)
    await recorder.close()
    assert [(event.detail, event.at) for event in database.stored] == [
        ("BROWSER", NOW),
        ("GMAIL_PROXY", NOW + timedelta(seconds=9)),
        ("BROWSER", NOW + REPEATED_WITHIN),
    ]
