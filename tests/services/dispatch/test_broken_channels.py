"""Whatever a channel of a package does, its email has a correct status, and other accounts continue."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from api.models import AccountPause, Event, Send
from api.services.dispatch.dispatcher import run_once
from api.states import SendStatus
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt
from tests.services.dispatch.odd_channel import Ask, odd_of, outcome
from tests.services.world import NOW, Scripted, World, make_world

EXITS = [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), BaseException("odd")]


@pytest.fixture
def database_kind() -> str:
    """What a channel does is met before any database: one of them is enough for so many mishaps."""
    return "sqlite"


@pytest.mark.parametrize("code", [202, None, b"x", Receipt, ["x"]])
async def test_a_code_that_is_no_text_is_written_as_one(odd: World, code: Any) -> None:
    odd_of(odd).answer = Receipt(Outcome.FAILED, code, code)
    status, reason, _ = await outcome(odd)
    assert status is SendStatus.FAILED
    assert reason == {202: "202", None: ""}.get(code if isinstance(code, int | None) else 0, reason)


NO_ANSWERS = [None, "SENT", {}, True, Receipt, Outcome.SENT, Receipt("sent", "OK", "posted"), Receipt(None, "", "")]  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [*NO_ANSWERS, Receipt(Outcome.WITHDRAWN, "X", "x")])
async def test_what_no_channel_may_answer_is_in_doubt_once_it_was_told_to_go_on(odd: World, answer: Any) -> None:
    odd_of(odd).answer = answer
    assert await outcome(odd) == (SendStatus.IN_DOUBT, "UNEXPECTED", 0)
    assert odd_of(odd).calls == 1
    assert await Event.filter(kind="EMAIL_IN_DOUBT").count() == 1


@pytest.mark.parametrize("answer", [*NO_ANSWERS, Receipt(Outcome.WITHDRAWN, "X", "x")])
async def test_before_that_it_is_tried_again_as_after_a_refusal_for_now(odd: World, answer: Any) -> None:
    odd_of(odd).asks, odd_of(odd).answer = False, answer
    assert await outcome(odd) == (SendStatus.DEFERRED, "UNEXPECTED", 1)
    assert odd_of(odd).calls == 1


@pytest.mark.parametrize("mishap", EXITS, ids=repr)
async def test_no_exit_of_a_channel_is_the_processs(odd: World, mishap: BaseException) -> None:
    odd_of(odd).breaks = mishap
    assert (await outcome(odd))[:2] == (SendStatus.IN_DOUBT, "UNEXPECTED")


@pytest.mark.parametrize("mishap", EXITS[:3], ids=repr)
async def test_an_exit_before_it_asked_costs_an_attempt(odd: World, mishap: BaseException) -> None:
    odd_of(odd).asks, odd_of(odd).breaks = False, mishap
    assert (await outcome(odd))[0] is SendStatus.DEFERRED


MALFORMED = [AccountUnavailableError(None, None), AccountUnavailableError(5, {})]  # type: ignore[arg-type]


@pytest.mark.parametrize("mishap", [RuntimeError(), *MALFORMED, *EXITS[:2], *EXITS[3:]], ids=repr)
async def test_an_account_that_cannot_be_opened_waits(odd: World, mishap: BaseException) -> None:
    odd_of(odd).opens = mishap
    status, _, attempts = await outcome(odd)
    assert (status, attempts) == (SendStatus.SCHEDULED, 0)
    assert await AccountPause.filter(account="odd").count() == 1


@pytest.mark.parametrize("named", [None, "", ["x"], *EXITS], ids=repr)
async def test_an_account_without_a_usable_name_is_its_senders_own(odd: World, named: Any) -> None:
    odd_of(odd).named, odd_of(odd).opens = named, RuntimeError()
    await outcome(odd)
    assert (await AccountPause.get()).account == f"odd:{(await odd.send()).sender_id}"


@pytest.mark.parametrize("number", [None, "many", 0, -3, float("nan"), *EXITS], ids=repr)
async def test_a_channel_that_cannot_count_its_sessions_has_one(odd: World, number: Any) -> None:
    odd_of(odd).at_once, odd_of(odd).answer = number, Receipt(Outcome.SENT, "OK", "ok")
    assert (await outcome(odd))[0] is SendStatus.SENT


async def test_a_plain_function_may_deliver_and_its_answer_counts(odd: World, caplog: pytest.LogCaptureFixture) -> None:
    def deliver(outgoing: Outgoing, ask: Ask) -> Receipt:
        return Receipt(Outcome.SENT, "OK", "posted")

    odd_of(odd).deliver = deliver  # type: ignore[method-assign,assignment]
    assert (await outcome(odd))[0] is SendStatus.SENT
    assert "without calling about_to_transmit()" in caplog.text


@pytest.mark.parametrize("at_once", [1, 10])
async def test_one_recipient_at_whom_the_server_hangs_up_holds_up_no_other(database: str, at_once: int) -> None:
    world = await make_world(100)

    class Server(Scripted):
        def sessions(self, config: Mapping[str, Any]) -> int:
            return at_once

    async def hangs_up(outgoing: Outgoing) -> None:
        if outgoing.recipient.startswith("ada"):
            raise AccountUnavailableError("SMTP_421", "Try again later.")

    channel = Server(before=hangs_up)
    for minute in range(6):
        await run_once(world.through(channel), NOW + timedelta(minutes=minute))
    assert len(channel.left) == len(set(channel.left)) == 99
    ada = await Send.get(person__email="ada@example.com", planned_at=NOW)
    assert (ada.status, ada.attempts) == (SendStatus.SCHEDULED, 0)


async def test_a_server_that_takes_one_email_a_session_is_in_no_trouble(database: str) -> None:
    world = await make_world(20)

    @dataclass
    class Server(Scripted):
        taken: int = 0

        def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
            self.taken = 0
            return super().connect(config)

    async def takes_one(_: Outgoing) -> None:
        channel.taken += 1
        if channel.taken > 1:
            raise AccountUnavailableError("SMTP_421", "One each time.")

    channel = Server(before=takes_one)
    await run_once(world.through(channel), NOW)
    assert len(channel.left) == len(set(channel.left)) == 20
    assert await AccountPause.all().count() == 0


async def test_a_channel_that_asks_twice_may_transmit_once(odd: World) -> None:
    answers: list[bool] = []

    async def deliver(outgoing: Outgoing, ask: Ask) -> Receipt:
        answers.extend([await ask(), await ask()])
        raise RuntimeError("broken after it transmitted")

    odd_of(odd).deliver = deliver  # type: ignore[method-assign]
    assert (await outcome(odd))[:2] == (SendStatus.IN_DOUBT, "UNEXPECTED")
    assert answers == [True, False]
