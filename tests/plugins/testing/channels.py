"""Channels with one fault each, for the tests of the kit."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from plugins import Channel, Outcome, Outgoing, Receipt, Session

Ask = Callable[[], Awaitable[bool]]
SENT = Receipt(Outcome.SENT, "ACCEPTED", "The service accepted the email.")
WITHDRAWN = Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn.")


class Service:
    """Where the channels deliver to."""

    def __init__(self) -> None:
        self.emails: list[Outgoing] = []

    def count(self) -> int:
        return len(self.emails)


SERVICE = Service()


async def well(outgoing: Outgoing, ask: Ask) -> Any:
    """Deliver as the contract says."""
    if not await ask():
        return WITHDRAWN
    await asyncio.sleep(0)
    SERVICE.emails.append(outgoing)
    return SENT


class Good(Channel):
    key = "good"
    labels = {"en": "Good"}
    config_schema: Any = {
        "type": "object",
        "properties": {"loft": {"type": "string", "pattern": "^[a-z]+$", "description": "The loft."}},
        "required": ["loft"],
        "additionalProperties": False,
    }
    supports_copies = True
    send: Any = staticmethod(well)

    def account(self, config: Mapping[str, Any]) -> str:
        return f"good:{config['loft']}"

    def sessions(self, config: Mapping[str, Any]) -> int:
        return 3

    async def trouble(self) -> str | None:
        return None

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield GoodSession(self)


class GoodSession(Session):
    def __init__(self, channel: Good) -> None:
        self.channel = channel

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Ask) -> Receipt:
        found: Receipt = await self.channel.send(outgoing, about_to_transmit)
        return found


def variant(**attributes: Any) -> Channel:
    """Return the good channel with other attributes."""
    made: Channel = type("Bad", (Good,), attributes)()
    return made


def sending(send: Callable[[Outgoing, Ask], Awaitable[Any]]) -> Channel:
    return variant(send=staticmethod(send))


def answering(receipt: Any) -> Channel:
    """Return a channel that delivers well, and then returns this."""

    async def send(outgoing: Outgoing, ask: Ask) -> Any:
        done = await well(outgoing, ask)
        return receipt if done is SENT else done

    return sending(send)


async def by_a_program(outgoing: Outgoing, ask: Ask) -> Any:
    """Deliver well with another program. The event loop waits for its end without blocking."""
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    return await well(outgoing, ask)


async def never_asks(outgoing: Outgoing, ask: Ask) -> Receipt:
    SERVICE.emails.append(outgoing)
    return SENT


async def asks_twice(outgoing: Outgoing, ask: Ask) -> Receipt:
    done: Receipt = await well(outgoing, ask)
    await ask()
    return done


async def asks_late(outgoing: Outgoing, ask: Ask) -> Receipt:
    SERVICE.emails.append(outgoing)
    if not await ask():
        SERVICE.emails.remove(outgoing)
        return WITHDRAWN
    return SENT


class Keeping(Session):
    """Keeps the emails with one outcome, and sends them when the session ends."""

    def __init__(self, kept: Receipt) -> None:
        self.kept, self.queue = kept, list[Outgoing]()

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Ask) -> Receipt:
        found: Receipt = await well(outgoing, about_to_transmit)
        if found is self.kept:
            self.queue.append(outgoing)
        return found


@asynccontextmanager
async def keeps_a_queue(self: Channel, config: Mapping[str, Any]) -> AsyncIterator[Session]:
    session = Keeping(WITHDRAWN)
    yield session
    SERVICE.emails += session.queue


@asynccontextmanager
async def sends_again_at_its_end(self: Channel, config: Mapping[str, Any]) -> AsyncIterator[Session]:
    session = Keeping(SENT)
    yield session
    SERVICE.emails += session.queue


class SendsAgain:
    """Takes the repetition of an email for its permission."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    async def __call__(self, outgoing: Outgoing, ask: Ask) -> Any:
        if outgoing.send_id in self.known:
            SERVICE.emails.append(outgoing)
        self.known.add(outgoing.send_id)
        return await well(outgoing, ask)


async def ignores_the_answer(outgoing: Outgoing, ask: Ask) -> Receipt:
    await ask()
    SERVICE.emails.append(outgoing)
    return SENT


async def reports_a_withdrawn_email_as_failed(outgoing: Outgoing, ask: Ask) -> Receipt:
    done: Receipt = await well(outgoing, ask)
    return done if done is SENT else Receipt(Outcome.FAILED, "WITHDRAWN", "The email was withdrawn.")


async def sends_if_the_question_fails(outgoing: Outgoing, ask: Ask) -> Receipt:
    try:
        allowed = await ask()
    except ConnectionError:
        allowed = True
    if allowed:
        SERVICE.emails.append(outgoing)
    return SENT if allowed else WITHDRAWN


async def sends_nothing(outgoing: Outgoing, ask: Ask) -> Receipt:
    return SENT if await ask() else WITHDRAWN


async def raises(outgoing: Outgoing, ask: Ask) -> Receipt:
    raise OSError("connection reset")


async def sleeps(outgoing: Outgoing, ask: Ask) -> Any:
    time.sleep(0)  # noqa: ASYNC251
    return await well(outgoing, ask)


async def swallows_cancellation(outgoing: Outgoing, ask: Ask) -> Any:
    try:
        return await well(outgoing, ask)
    except asyncio.CancelledError:
        return WITHDRAWN


async def translates_cancellation(outgoing: Outgoing, ask: Ask) -> Any:
    try:
        return await well(outgoing, ask)
    except asyncio.CancelledError as error:
        raise OSError("cancelled") from error


async def chokes(outgoing: Outgoing, ask: Ask) -> Any:
    if len(outgoing.message) > 1_000_000:
        raise MemoryError
    return await well(outgoing, ask)


async def loses_copies(outgoing: Outgoing, ask: Ask) -> Any:
    if outgoing.copies:
        return Receipt(Outcome.FAILED, "COPIES", "Copies are not supported.")
    return await well(outgoing, ask)


class OneAtATime(Good):
    """Says that it has three sessions, and delivers one email at a time."""

    def __init__(self) -> None:
        self.lock: asyncio.Lock | None = None

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        self.lock = self.lock or asyncio.Lock()
        async with self.lock:
            yield GoodSession(self)


@asynccontextmanager
async def refuses_to_open(self: Channel, config: Mapping[str, Any]) -> AsyncIterator[Session]:
    raise OSError("no route to host")
    yield


@asynccontextmanager
async def opens_nothing(self: Channel, config: Mapping[str, Any]) -> AsyncIterator[Any]:
    yield None


BAD: dict[str, tuple[str, Channel, str]] = {
    "no label": ("DECLARATIONS", variant(labels={}), 'labels["en"]'),
    "an open schema": (
        "CONFIG",
        variant(config_schema={**Good.config_schema, "additionalProperties": True}),
        "misspelt",
    ),
    "an account that changes": (
        "ACCOUNT",
        variant(account=lambda self, config: f"good:{id(object())}{id(config)}"),
        "equal",
    ),
    "an account without the key": ("ACCOUNT", variant(account=lambda self, config: "north"), "'good:'"),
    "an account that is not listed": ("ACCOUNT", variant(accounts=lambda self: ["good:south"]), "does not have"),
    "a secret in the account": ("SECRETS", variant(account=lambda self, config: "good:t0ken"), "account()"),
    "a secret in a receipt": ("SECRETS", answering(Receipt(Outcome.SENT, "OK", "Used t0ken.")), "a receipt"),
    "no session": ("SESSIONS", variant(sessions=lambda self, config: 0), "returns 0"),
    "trouble that is not asynchronous": ("TROUBLE", variant(trouble=lambda self: None), "async def"),
    "connect raises": ("CONNECT", variant(connect=refuses_to_open), "OSError"),
    "connect opens nothing": ("CONNECT", variant(connect=opens_nothing), "None"),
    "never asks": ("PERMISSION", sending(never_asks), "0 times"),
    "asks twice": ("PERMISSION", sending(asks_twice), "2 times"),
    "asks late": ("PERMISSION", sending(asks_late), "before it asks"),
    "ignores the answer": ("WITHDRAWN", sending(ignores_the_answer), "returns SENT"),
    "sends withdrawn emails at its end": ("SENT_ONCE", variant(connect=keeps_a_queue), "after the next one"),
    "sends again at its end": ("SENT_ONCE", variant(connect=sends_again_at_its_end), "when its session ends"),
    "sends an email again that it knows": ("SENT_ONCE", sending(SendsAgain()), "transmitted again"),
    "another outcome": ("WITHDRAWN", sending(reports_a_withdrawn_email_as_failed), "returns FAILED"),
    "sends if the question fails": ("PERMISSION", sending(sends_if_the_question_fails), "failed"),
    "sends nothing": ("RECEIPT", sending(sends_nothing), "received 0 emails"),
    "raises": ("RECEIPT", sending(raises), "OSError: connection reset (channels.py"),
    "returns None": ("RECEIPT", answering(None), "not a Receipt"),
    "a text as outcome": ("RECEIPT", answering(Receipt("SENT", "OK", "Sent.")), "not an Outcome"),  # type: ignore[arg-type]
    "a long code": ("RECEIPT", answering(Receipt(Outcome.SENT, "X" * 65, "Sent.")), "64 characters"),
    "no detail": ("RECEIPT", answering(Receipt(Outcome.SENT, "OK", " ")), "not a sentence"),
    "a date without a zone": (
        "RECEIPT",
        answering(Receipt(Outcome.SENT, "OK", "Sent.", retry_after=-1)),
        "retry_after",
    ),
    "a strange copy": (
        "RECEIPT",
        answering(Receipt(Outcome.SENT, "OK", "Sent.", (("x@y.example", "no"),))),
        "not a copy",
    ),
    "blocks the loop": ("BLOCKING", sending(sleeps), "time.sleep() in the event loop (channels.py"),
    "swallows the cancellation": ("CANCELLED", sending(swallows_cancellation), "as if nothing"),
    "translates the cancellation": ("CANCELLED", sending(translates_cancellation), "OSError"),
    "loses copies": ("COPIES", sending(loses_copies), "FAILED"),
    "a lock around sessions": ("SESSIONS", OneAtATime(), "only 1 deliver"),
}
"""By its fault: the rule, the channel, and a part of the message."""
