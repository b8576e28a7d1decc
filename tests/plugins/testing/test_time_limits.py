"""The kit ends calls that do not return, and names them with their inputs."""

import asyncio
import contextlib
import itertools
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from plugins import Channel, Outcome, Outgoing, Receipt
from plugins.testing import ContractBrokenError, Rule, assert_channel, assert_send_option, deliver
from plugins.testing.channels import event_loop_runs as channel_runs
from plugins.testing.common import time_limit as limits
from plugins.testing.send_options import recorder as recorder_module
from strategies import Position, StepContext
from tests.plugins.testing.channels import SERVICE, Ask, sending, well
from tests.plugins.testing.channels import variant as channel_variant
from tests.plugins.testing.options import Good, variant

CONFIGS = [{"hour": 9}]


def endless(*_: Any) -> Any:
    """Loop for ever. The alarm comes at once."""
    signal.raise_signal(signal.SIGALRM)
    for _each in itertools.count():
        pass


def stubborn(*_: Any) -> Any:
    """Loop for ever, and catch every Exception."""
    while True:
        with contextlib.suppress(Exception):
            endless()


def fault_of(check: Callable[[], object]) -> str:
    """Return the only fault."""
    with pytest.raises(ContractBrokenError) as broken:
        check()
    assert list(broken.value.found) == [Rule.TIME_LIMIT], broken.value.found
    return broken.value.found[Rule.TIME_LIMIT]


def fault(**attributes: Any) -> str:
    return fault_of(lambda: assert_send_option(variant(**attributes), CONFIGS, zones=["Asia/Tokyo"], examples=5))


@pytest.mark.parametrize("loop", [endless, stubborn])
def test_an_option_that_loops_for_ever_is_named_with_its_call_and_inputs(loop: Callable[..., Any]) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    found = fault(resolve=loop)
    assert found.startswith("resolve() has not returned after 30 seconds (test_time_limits.py, line ")
    assert "for step 1 on day 1, 20" in found
    assert "Asia/Tokyo, now 20" in found
    assert "config {'hour': 9}" in found
    assert fault(validate=loop).partition(" for ")[2].startswith("{'hour': 9}. ")
    assert "Position(number=1" in fault(availability=loop)
    assert "window() has not returned" in fault(window=loop)
    assert "2026" in fault(window=loop)
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_option_that_loops_later_or_when_it_is_asked_again() -> None:
    class Later(Good):
        """Loops when it is asked about a Saturday. It is asked about the last days of the year first."""

        calls = 0

        def resolve(self, step: StepContext) -> Any:
            Later.calls += 1
            return super().resolve(step) if Later.calls < self.first_loop else endless()

        first_loop = 10

    def check() -> None:
        Later.calls = 0
        assert_send_option(Later(), CONFIGS, zones=["Asia/Tokyo"], examples=5)

    assert "resolve() has not returned" in fault_of(check)
    Later.first_loop = 1_000_000
    Later.calls = 0
    assert_send_option(Later(), CONFIGS, zones=["Asia/Tokyo"], examples=5)
    last = Later.calls
    for Later.first_loop in (last, last - 4, last // 2):
        assert "resolve() has not returned" in fault_of(check)


def test_an_option_whose_calls_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "SLOW_SECONDS", -1)
    assert fault().startswith("5 calls took more than -1 seconds each, such as ")


def test_a_real_timer_ends_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each method loops, so that a slow machine cannot end another call first."""
    monkeypatch.setattr(limits, "CALL_SECONDS", 0.5)

    def loop(*_: Any) -> Any:
        while True:
            pass

    every = dict.fromkeys(("validate", "availability", "resolve", "window"), loop)
    assert "validate() has not returned" in fault(**every)


def test_in_another_thread_and_without_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALL_SECONDS", 0.5)
    found: list[str] = []

    def loop(*_: Any) -> Any:
        while True:
            pass

    every = dict.fromkeys(("validate", "availability", "resolve", "window"), loop)
    thread = threading.Thread(target=lambda: found.append(fault(**every)))
    thread.start()
    thread.join()
    assert "validate() has not returned" in found[0]
    monkeypatch.delattr(signal, "setitimer")
    assert "validate() has not returned" in fault(**every)
    monkeypatch.setattr(limits, "CALL_SECONDS", 600)
    assert_send_option(Good(), CONFIGS, zones=["Asia/Tokyo"], examples=1)


def test_the_timer_of_another_tool_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with limits.time_limit(print):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= limits.CALL_SECONDS
        left, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert limits.CALL_SECONDS < left <= 500


async def blocks(outgoing: Outgoing, ask: Ask) -> Any:
    return endless()


async def ignores_its_end(outgoing: Outgoing, ask: Ask) -> Any:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


def channel_fault(channel: Channel) -> str:
    return fault_of(lambda: assert_channel(channel, [{"loft": "north"}], transmitted=SERVICE.count))


def test_a_channel_that_blocks_its_event_loop_for_ever() -> None:
    def connects(self: Any, config: Mapping[str, Any]) -> Any:
        return endless()

    found = channel_fault(sending(blocks))
    assert found.startswith("deliver(…) of an email of ")
    assert "to ann@example.com blocks the event loop for 30 seconds (test_time_limits.py, line " in found
    assert "connect({'loft': 'north'}) blocks" in channel_fault(channel_variant(connect=connects))
    assert "account({'loft': 'north'}) blocks" in channel_fault(channel_variant(account=endless))
    assert "sessions({'loft': 'north'}) blocks" in channel_fault(channel_variant(sessions=endless))
    assert "blocks the event loop" in fault_of(lambda: deliver(sending(blocks), {"loft": "north"}))


def test_a_channel_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_runs, "STUCK_SECONDS", 0)
    monkeypatch.setattr(channel_runs, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(channel_runs, "END_SECONDS", 0)
    found = fault_of(lambda: deliver(sending(ignores_its_end), {"loft": "north"}))
    assert found.startswith("deliver(…) of an email of ")
    assert "although it was cancelled" in found


def test_a_channel_that_is_in_time() -> None:
    receipt = deliver(sending(well), {"loft": "north"})
    assert receipt == Receipt(Outcome.SENT, "ACCEPTED", "The service accepted the email.")
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_positions_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert repr(Position(1, 1, None, False)) in fault(availability=endless)
