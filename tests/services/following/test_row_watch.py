"""The watch over launches: followers are woken in slices and in order, and groups do not wait for each other."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

import pytest

from api.models import Launch
from api.services.following.follower_group import WAKES_PER_TURN
from api.services.following.row_kinds import LAUNCHES, RowKind
from api.services.following.row_watch import SENDERS, RowFollower, RowGroup, RowWatch
from api.states import LaunchStatus
from tests.live import Turnstile, until


def launch(processed: int = 0, key: str = "lau_1") -> Launch:
    """Return a launch of 100 people that is not in a database."""
    return Launch(id=key, status=LaunchStatus.RUNNING, total=100, processed=processed, enrolled=processed, left_out=0)


class Rows:
    """What the database says of the launches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processed: dict[str, int] = {}
        self.queries: list[list[str]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(RowKind, "rows", lambda _, ids: self._rows(ids))

    async def _rows(self, ids: Collection[str]) -> dict[str, Launch]:
        wanted = list(ids)
        self.queries.append(wanted)
        found = {each: launch(self.processed[each], each) for each in wanted}
        self.meanwhile()
        await asyncio.sleep(0)
        return found


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    """The launches that the watch reads."""
    return Rows(monkeypatch)


async def make(of: Any, _: Collection[str]) -> int:
    """Return the result of a change: the number of people processed."""
    return int(of.processed)


async def test_followers_are_woken_in_slices() -> None:
    group: RowGroup[int] = RowGroup(LAUNCHES, "lau_1", make)
    followers: list[RowFollower[int]] = [RowFollower(launch(), "t") for _ in range(3 * WAKES_PER_TURN + 5)]
    told: list[int] = []

    async def follow(follower: RowFollower[int]) -> None:
        _, result = await follower.next()
        told.append(result)

    following = [asyncio.create_task(follow(follower)) for follower in followers]
    await asyncio.sleep(0)
    sending, turns = asyncio.create_task(group.send(launch(7), followers)), []
    while not sending.done() or len(told) < len(followers):
        before = len(told)
        await asyncio.sleep(0)
        turns.append(len(told) - before)
    assert max(turns) == WAKES_PER_TURN
    assert told == [7] * len(followers)
    await asyncio.gather(*following)


async def test_a_result_is_made_once_for_a_group_of_tokens(rows: Rows) -> None:
    gate, made = Turnstile(), list[tuple[int, frozenset[str]]]()
    watch = RowWatch(gate)

    async def counted(of: Any, tokens: Collection[str]) -> int:
        made.append((of.processed, frozenset(tokens)))
        return int(of.processed)

    with ExitStack() as stack:
        followers = [stack.enter_context(watch.following("key", launch(), token, counted)) for token in "aab"]
        rows.processed = {"lau_1": 5}
        gate.open()
        assert [(await follower.next())[1] for follower in followers] == [5, 5, 5]
        assert made == [(5, frozenset("ab"))]
        gate.open()
        await until(lambda: len(rows.queries) == 2)
        assert len(made) == 1  # nothing has changed
        assert rows.queries == [["lau_1"], ["lau_1"]]
    assert watch.followers == 0
    await watch.close()


async def test_a_follower_that_joins_during_the_query_does_not_go_back(rows: Rows) -> None:
    gate = Turnstile()
    watch = RowWatch(gate)
    with ExitStack() as stack:
        early = stack.enter_context(watch.following("key", launch(), "t", make))
        late: list[RowFollower[int]] = []

        def join() -> None:
            late.append(stack.enter_context(watch.following("key", launch(9), "t", make)))
            rows.meanwhile = lambda: None

        rows.processed, rows.meanwhile = {"lau_1": 5}, join
        gate.open()
        assert (await early.next())[1] == 5
        rows.processed = {"lau_1": 9}
        gate.open()
        assert (await early.next())[1] == 9
        rows.processed = {"lau_1": 10}
        gate.open()
        assert (await late[0].next())[1] == 10  # neither 5, which is older, nor 9, which it has
    await watch.close()


async def test_a_group_gets_changes_in_order_and_delays_no_other(rows: Rows) -> None:
    gate, release, paused = Turnstile(), asyncio.Event(), list[bool]()

    async def pause(changed: bool) -> None:
        paused.append(changed)
        await gate(changed)

    watch = RowWatch(pause)

    async def blocked(of: Any, _: Collection[str]) -> int:
        await release.wait()
        return int(of.processed)

    with ExitStack() as stack:
        stuck = stack.enter_context(watch.following("stuck", launch(), "t", blocked))
        free = stack.enter_context(watch.following("free", launch(), "t", make))
        for processed in (1, 2, 3):
            rows.processed = {"lau_1": processed}
            gate.open()
            assert (await free.next())[1] == processed
        release.set()
        assert (await stuck.next())[1] == 1
        gate.open()
        assert (await stuck.next())[1] == 3  # the newest; 2 is skipped
        gate.open()
        await until(lambda: len(paused) == 6)
        assert paused == [False, True, True, True, True, False]
    await watch.close()


async def test_few_groups_are_served_at_once(rows: Rows) -> None:
    gate, running, most = Turnstile(), 0, 0
    watch = RowWatch(gate)

    async def slow(of: Any, _: Collection[str]) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _turn in range(5):
            await asyncio.sleep(0)
        running -= 1
        return int(of.processed)

    with ExitStack() as stack:
        followers = [stack.enter_context(watch.following(key, launch(), "t", slow)) for key in range(5 * SENDERS)]
        rows.processed = {"lau_1": 1}
        gate.open()
        assert [(await follower.next())[1] for follower in followers] == [1] * len(followers)
        assert most == SENDERS
    await watch.close()
