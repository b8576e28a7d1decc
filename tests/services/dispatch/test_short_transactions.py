"""The transactions of dispatch: short on SQLite, shared by sessions, and few results in one turn of the event loop."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from api.models import Send, Sender
from api.services.dispatch import dispatcher
from api.services.dispatch.claim import claiming
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.settle import group_commit, outcome_writer
from api.services.dispatch.settle.group_commit import GroupCommit
from api.states import SendStatus
from api.store.engine.database import is_postgres
from tests.services.world import NOW, make_world


async def test_a_group_has_no_more_items_than_its_limit() -> None:
    groups: list[list[int]] = []

    async def write(items: Sequence[int]) -> Sequence[int]:
        groups.append(list(items))
        return [item * 10 for item in items]

    commit = GroupCommit[int, int](write, 3)
    futures = [commit.put(number) for number in range(7)]
    assert [await future for future in futures] == [0, 10, 20, 30, 40, 50, 60]
    assert groups == [[0, 1, 2], [3, 4, 5], [6]]


async def test_others_run_between_the_results_of_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group wakes hundreds of sessions, each of which renders an email. Requests come in between."""
    monkeypatch.setattr(group_commit, "RESULTS_PER_TURN", 2)
    order: list[str] = []
    started = asyncio.Event()

    async def write(items: Sequence[int]) -> Sequence[int]:
        started.set()
        await asyncio.sleep(0)
        return items

    async def session(number: int) -> None:
        await commit.put(number)
        order.append(f"session {number}")

    async def request() -> None:
        await started.wait()
        while "session 5" not in order:
            if order and order[-1] != "request":
                order.append("request")
            await asyncio.sleep(0)

    commit = GroupCommit[int, int](write)
    await asyncio.gather(request(), *(session(number) for number in range(6)))
    assert [each for each in order if each != "request"] == [f"session {number}" for number in range(6)]
    assert order.count("request") == 2


@pytest.mark.usefixtures("database")
async def test_all_due_emails_are_sent_in_small_claims_and_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "MAX_CLAIM_ON_SQLITE", 3)
    monkeypatch.setattr(outcome_writer, "MAX_GROUP_ITEMS_ON_SQLITE", 2)
    claims: list[int] = []
    entries: list[int] = []
    right, commit = dispatcher.claim_and_load, outcome_writer.commit

    async def noted(*args: Any) -> claiming.ClaimResult:
        found = await right(*args)
        claims.append(len(found.deliveries))
        return found

    async def committed(runtime: Any, done: Sequence[Any], asking: Sequence[Any]) -> Any:
        entries.append(len(done) + len(asking))
        return await commit(runtime, done, asking)

    monkeypatch.setattr(dispatcher, "claim_and_load", noted)
    monkeypatch.setattr(outcome_writer, "commit", committed)
    world = await make_world(7)
    while not (await run_once(world.runtime, NOW)).idle:
        pass
    assert await Send.filter(status=SendStatus.SENT).count() == 7
    if is_postgres():
        assert claims[0] == 7
    else:
        assert [claim for claim in claims if claim] == [3, 3, 1]
        assert max(entries) <= 2


@pytest.mark.usefixtures("database")
async def test_the_sessions_of_an_account_share_their_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of few emails costs nearly as much as one of many."""
    asked: list[int] = []
    commit = outcome_writer.commit

    async def committed(runtime: Any, done: Sequence[Any], asking: Sequence[Any]) -> Any:
        asked.append(len(asking))
        return await commit(runtime, done, asking)

    monkeypatch.setattr(outcome_writer, "commit", committed)
    world = await make_world(40)
    await Sender.all().update(channel="record")  # it has hundreds of sessions
    await run_once(world.runtime, NOW)
    assert [number for number in asked if number] == [40]
