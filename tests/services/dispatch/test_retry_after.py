"""What a server tells about when it accepts emails again decides over retries and pauses, within limits."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from api.models import AccountPause, Event, Send
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.retry_policy import next_retry_at, requested_wait, retries_exhausted, retries_used
from api.states import SendStatus
from plugins.channels.smtp.requested_wait import requested_wait as requested_by_text
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.loading.receipt_checks import plain_receipt, plain_retry_after
from strategies.timeline.timeline_notes import utc
from tests.databases import on_sqlite
from tests.services.world import NOW, Scripted, make_world

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Telling(Scripted):
    """A channel whose server says when it accepts emails again."""

    retry_after: Any = None

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        receipt = await super().deliver(outgoing, about_to_transmit)
        return replace(receipt, retry_after=self.retry_after)


def test_a_wait_is_checked_and_bounded() -> None:
    for nonsense in (True, "60", math.nan, math.inf, datetime(2026, 3, 2), [60], Outcome.SENT, 10**400):
        assert plain_retry_after(nonsense) is None
    never = datetime.max.replace(tzinfo=timezone(-14 * HOUR))
    assert plain_retry_after(never) == datetime(2200, 1, 1, tzinfo=UTC)
    assert plain_retry_after(datetime.min.replace(tzinfo=timezone(14 * HOUR))) == datetime(1970, 1, 1, tzinfo=UTC)
    in_berlin = datetime(2026, 3, 2, 8, 5, tzinfo=timezone(HOUR))
    assert plain_retry_after(in_berlin) == datetime(2026, 3, 2, 7, 5, tzinfo=UTC)
    assert requested_wait(plain_retry_after(in_berlin), NOW) == 5 * MINUTE
    assert requested_wait(-5, NOW) == requested_wait(NOW - HOUR, NOW) == timedelta()
    assert requested_wait(1e300, NOW) == requested_wait(datetime.max.replace(tzinfo=UTC), NOW) == timedelta(days=4)
    assert next_retry_at(NOW, 0, 0.0, timedelta()) == NOW + 10 * SECOND
    assert next_retry_at(NOW, 3, 1.0, 10 * MINUTE) == NOW + 11 * MINUTE


def test_a_code_that_is_no_text_costs_no_answer() -> None:
    class Loud(str):
        def __str__(self) -> str:
            raise RuntimeError

    answer = Receipt(Outcome.SENT, Loud("OK"), 10**5_000, retry_after=10**400)  # type: ignore[arg-type]
    assert plain_receipt(answer) == Receipt(Outcome.SENT, "OK", "a int")


def test_short_waits_use_up_the_retries_as_slowly_as_the_own_waits() -> None:
    assert retries_used(0, 0.9, SECOND) == 1, "the first deferral always counts"
    assert [retries_used(1, jitter, 3 * MINUTE) for jitter in (0.05, 0.5)] == [1, 0], "a tenth of half an hour"
    assert retries_used(1, 0.5, None) == 1
    assert retries_exhausted(retries_used(0, 0.5, timedelta(days=4)))
    tried, waited, numbers = 0, timedelta(), iter(range(10**6))
    while not retries_exhausted(tried):
        tried += retries_used(tried, (next(numbers) * 0.6180339887) % 1, 10 * MINUTE)
        waited += 10 * MINUTE
    assert timedelta(days=3) < waited < timedelta(days=5)


def test_smtp_servers_tell_their_waits_in_words() -> None:
    told = {
        "4.2.0 Greylisted, please try again in 300 seconds": 300,
        "Greylisting in action, please come back in 00:04:53": 293,
        "Too many connections; retry after 5 minutes": 300,
        "4.7.1 Try again later in 1 hour.": 3600,
        "4.2.2 mailbox full": None,
        "Try again later": None,
        "You sent 300 messages in 60 seconds": None,
    }
    assert {text: requested_by_text(text) for text in told} == told


@on_sqlite
async def test_a_deferred_email_waits_as_long_as_told(database: str) -> None:
    world = await make_world(1)
    channel = Telling(Outcome.DEFERRED, retry_after=NOW + 2 * HOUR)
    await run_once(world.through(channel), NOW)
    send = await world.send()
    assert send.status is SendStatus.DEFERRED
    assert NOW + 2 * HOUR <= send.due_at <= NOW + 2.2 * HOUR
    channel.retry_after = "soon"
    await run_once(world.through(channel), send.due_at)
    again = await world.send()
    assert again.attempts > send.attempts
    assert again.due_at - send.due_at >= HOUR, "nonsense counts as nothing"


@pytest.mark.parametrize("opens", [False, True])
async def test_an_account_pauses_as_long_as_told_and_the_feed_tells_each_change_once(
    database: str, opens: bool
) -> None:
    world = await make_world(2)
    channel = Telling(Outcome.ACCOUNT_UNAVAILABLE, retry_after=7200)
    if opens:
        error = AccountUnavailableError("QUOTA", "Used up.", retry_after=7200)
        channel.connect = lambda config: _raise(error)  # type: ignore[method-assign]
    runtime = world.through(channel)
    await run_once(runtime, NOW)
    pause = await AccountPause.get()
    assert (pause.until, pause.failures) == (NOW + 2 * HOUR, 1)
    await run_once(replace(runtime, clock=lambda: NOW + HOUR), NOW + HOUR)
    assert (await AccountPause.get()).failures == 1
    later = NOW + 2 * HOUR
    await run_once(replace(runtime, clock=lambda: later), later)
    assert (await AccountPause.get()).failures == 2
    works = later + 3 * HOUR
    world.runtime = replace(world.runtime, clock=lambda: works)
    await world.tick(works)
    await world.tick(works)
    assert await Send.filter(status=SendStatus.SENT).count() == 2
    events = await Event.filter(kind__in=["ACCOUNT_PAUSED", "ACCOUNT_RESUMED"]).order_by("at")
    assert [(event.kind, event.at) for event in events] == [("ACCOUNT_PAUSED", NOW), ("ACCOUNT_RESUMED", works)]
    reason = "QUOTA" if opens else "SMTP_TEST"
    assert events[0].data == {"account": "scripted", "reason": reason, "until": utc(NOW + 2 * HOUR)}


def _raise(error: Exception) -> Any:
    raise error


@dataclass
class Limited(Channel, Session):
    """A service that accepts two emails, and then says that the account has reached its limit."""

    retry_after: float | None = 20.0
    open_sessions: int = 1
    many: bool = False
    asked: list[bool] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    key = "scripted"
    labels = {"en": "Limited"}

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        return 2 if self.many else 1

    def sessions(self, config: Mapping[str, Any]) -> int:
        return self.open_sessions

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield self
        await asyncio.sleep(0)  # other sessions run while this one is closed

    def answer(self, outgoing: Outgoing) -> Receipt:
        if len(self.accepted) < 2:
            self.accepted.append(outgoing.send_id)
            return Receipt(Outcome.SENT, "HTTP_202", "Accepted.")
        return Receipt(Outcome.ACCOUNT_UNAVAILABLE, "HTTP_429", "Too much.", retry_after=self.retry_after)

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        self.asked.append(await about_to_transmit())
        return self.answer(outgoing) if self.asked[-1] else Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "Withdrawn.")

    async def deliver_many(
        self, outgoing: Sequence[Outgoing], about_to_transmit: Callable[[], Awaitable[Collection[str]]]
    ) -> Sequence[Receipt]:
        granted = await about_to_transmit()
        self.asked += [each.send_id in granted for each in outgoing]
        return [self.answer(each) for each in outgoing]


@pytest.mark.parametrize("retry_after", [20.0, None])
@pytest.mark.parametrize(("sessions", "many"), [(1, False), (4, False), (1, True)])
@on_sqlite
async def test_a_limit_between_successes_pauses_the_account(
    database: str, sessions: int, many: bool, retry_after: float | None
) -> None:
    world = await make_world(12)
    channel = Limited(retry_after, sessions, many)
    runtime = world.through(channel)
    await run_once(runtime, NOW)
    pause = await AccountPause.get()
    assert (pause.code, pause.until) == ("HTTP_429", NOW + timedelta(seconds=retry_after or 60))
    assert all(channel.asked), "no email is given to the channel again after its transmission began"
    assert len(channel.accepted) == 2
    assert len(channel.asked) <= 2 + max(sessions, 2), "no session takes an email after the pause"
    failed = await Send.filter(reason="HTTP_429", due_at=pause.until)
    assert failed
    assert await Send.filter(status=SendStatus.SENT).count() == 2
    channel.accepted = []
    later = pause.until
    await run_once(replace(runtime, clock=lambda: later), later)
    assert len(channel.accepted) == 2
    assert (await AccountPause.get()).until > later
