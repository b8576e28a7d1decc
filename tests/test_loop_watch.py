"""The watchdog of the event loop counts a stall, and names the code that held the loop."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from prometheus_client import generate_latest

from api.loop_watch import LOG_INTERVAL_SECONDS, STALL_THRESHOLD_SECONDS, LoopWatch, Stall, stack_of
from api.services.common.metrics import Metrics

PATIENCE = 120.0
"""Seconds until a test that waits for the thread is taken for broken."""


class Stalls:
    """A watch, and the stalls that it has told of."""

    def __init__(self) -> None:
        self.found: list[Stall] = []
        self.more = threading.Event()
        self.watch = LoopWatch(Metrics(), interval=0.001, on_stall=self._told)

    def _told(self, stall: Stall) -> None:
        self.found.append(stall)
        self.more.set()

    def hold_the_loop(self) -> None:
        """Block until the watch has read who blocks: the test needs no clock."""
        self.found.clear()
        self.more.clear()
        waiting = threading.Event()
        for _ in range(int(PATIENCE / 0.01)):
            if self.watch.held_by:
                return
            waiting.wait(0.01)
        raise AssertionError("the watch did not see that the loop is held")

    async def told_of(self) -> Stall:
        """Let the loop go on, and return the stall that it was. A slow machine may add others."""
        assert await asyncio.to_thread(self.more.wait, PATIENCE)
        return self.found[0]

    def value(self, name: str) -> float:
        """Return a number of the metrics."""
        found = self.watch.metrics.registry.get_sample_value(name)
        assert found is not None
        return found


async def test_a_stall_is_counted_and_names_the_code(caplog: pytest.LogCaptureFixture) -> None:
    stalls = Stalls()
    with stalls.watch.watching():
        stalls.hold_the_loop()
        stall = await stalls.told_of()
    assert stall.seconds > STALL_THRESHOLD_SECONDS
    assert "test_loop_watch.hold_the_loop:" in stall.stack
    assert stall.stack.index("hold_the_loop") < stall.stack.index("test_a_stall_is_counted")
    assert stalls.value("touchline_loop_stalls_total") >= 1
    assert stalls.value("touchline_loop_delay_seconds_sum") > STALL_THRESHOLD_SECONDS
    (line,) = [record for record in caplog.records if record.name == "touchline.loop"]
    assert line.getMessage().startswith("the event loop was blocked for ")
    assert "hold_the_loop" in line.getMessage()


async def test_the_log_is_limited_and_counts_what_it_leaves_out(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls = Stalls()
    with stalls.watch.watching():
        for _ in range(3):
            stalls.hold_the_loop()
            await stalls.told_of()
    assert len(caplog.records) == 1
    # As if the time between two lines had passed.
    monkeypatch.setattr(stalls.watch, "_logged_at", stalls.watch._logged_at - LOG_INTERVAL_SECONDS)
    left_out = stalls.watch._unlogged
    assert left_out >= 2
    stalls.watch._log(Stall(0.5, "somewhere"))
    assert f"blocked for 500 ms by somewhere; {left_out} more stalls" in caplog.records[-1].getMessage()


async def test_a_lack_of_cpu_is_not_reported_as_blocking_code(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "touchline.loop")
    stalls = Stalls()
    stalls.watch._log(Stall(0.12, "selectors.select:468 < asyncio.base_events._run_once:1884"))
    (line,) = caplog.records
    assert line.levelname == "DEBUG"
    assert line.getMessage() == "the event loop was 120 ms late while it waited: the machine has too little CPU"


async def test_no_values_are_in_the_stack() -> None:
    address = "ada@example.com"
    assert address not in stack_of(threading.get_ident())
    assert "test_no_values_are_in_the_stack" in stack_of(threading.get_ident())


async def test_the_thread_ends_with_the_watch() -> None:
    def alive() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name == "touchline-loop-watch"]

    before = alive()
    watch = LoopWatch(Metrics())
    with watch.watching():
        assert len(alive()) == len(before) + 1
    assert alive() == before


async def test_the_watch_ends_at_any_moment() -> None:
    for _ in range(300):
        with LoopWatch(Metrics(), interval=0.0).watching():
            await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["touchline_loop_delay_seconds_bucket", "touchline_loop_stalls_total"])
def test_the_metrics_are_there_from_the_start(name: str) -> None:
    read: Callable[..., bytes] = generate_latest
    assert name in read(Metrics().registry).decode()
