"""Channels that take batches, with one fault each, for the tests of the kit."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from plugins import Channel, Outgoing, Receipt, Session
from tests.plugins.testing.channels import SENT, SERVICE, WITHDRAWN, Good, GoodSession

AskMany = Callable[[], Awaitable[frozenset[str]]]
Emails = Sequence[Outgoing]


async def well(emails: Emails, ask: AskMany) -> Any:
    """Deliver as the contract says."""
    allowed = await ask()
    SERVICE.emails.extend(each for each in emails if each.send_id in allowed)
    return [SENT if each.send_id in allowed else WITHDRAWN for each in emails]


class Batching(Good):
    """Delivers batches by a function."""

    batch_size = 50

    def __init__(self, deliver: Callable[[Emails, AskMany], Awaitable[Any]]) -> None:
        self.deliver = deliver

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield BatchSession(self)


class BatchSession(GoodSession):
    channel: Batching

    async def deliver_many(self, outgoing: Emails, about_to_transmit: AskMany) -> Any:
        return await self.channel.deliver(outgoing, about_to_transmit)


async def ignores_the_answer(emails: Emails, ask: AskMany) -> Any:
    await ask()
    SERVICE.emails.extend(emails)
    return [SENT for _ in emails]


async def answers_for_the_sent_ones(emails: Emails, ask: AskMany) -> Any:
    return [each for each in await well(emails, ask) if each is SENT]


async def answers_in_another_order(emails: Emails, ask: AskMany) -> Any:
    return (await well(emails, ask))[::-1]


async def asks_for_each(emails: Emails, ask: AskMany) -> Any:
    done = await well(emails, ask)
    for _ in emails[1:]:
        await ask()
    return done


async def asks_late(emails: Emails, ask: AskMany) -> Any:
    SERVICE.emails.extend(emails)
    allowed = await ask()
    for each in emails:
        if each.send_id not in allowed:
            SERVICE.emails.remove(each)
    return [SENT if each.send_id in allowed else WITHDRAWN for each in emails]


async def loses_the_last(emails: Emails, ask: AskMany) -> Any:
    done = await well(emails, ask)
    if done[-1] is SENT:
        SERVICE.emails.pop()
    return done


async def raises(emails: Emails, ask: AskMany) -> Any:
    raise OSError("t0ken was refused")


async def returns_one(emails: Emails, ask: AskMany) -> Any:
    await well(emails, ask)
    return SENT


async def returns_no_detail(emails: Emails, ask: AskMany) -> Any:
    return [Receipt(each.outcome, each.code, "") for each in await well(emails, ask)]


async def says_sent(emails: Emails, ask: AskMany) -> Any:
    return [Receipt(each.outcome, each.code, "By t0ken.") for each in await well(emails, ask)]


class OnlyDeclared(Good):
    batch_size = 2


BAD: dict[str, tuple[list[str], Channel, str]] = {
    "ignores the answer": (["BATCHES"], Batching(ignores_the_answer), "email 1 of 3 is SENT, not WITHDRAWN"),
    "leaves out receipts": (["BATCHES"], Batching(answers_for_the_sent_ones), "a list of length 2 for 3 emails"),
    "another order": (["BATCHES"], Batching(answers_in_another_order), "email 1 of 3 is SENT, not WITHDRAWN"),
    "asks for each": (["BATCHES"], Batching(asks_for_each), "about_to_transmit() 3 times"),
    "asks late": (["BATCHES"], Batching(asks_late), "before it asks"),
    "loses one": (["BATCHES"], Batching(loses_the_last), "3 of 3 emails may be transmitted, and the service"),
    "raises": (["SECRETS", "BATCHES"], Batching(raises), "OSError"),
    "returns one receipt": (["BATCHES"], Batching(returns_one), "for 3 emails"),
    "no detail": (["BATCHES"], Batching(returns_no_detail), "not a sentence"),
    "a secret in a receipt": (["SECRETS"], Batching(says_sent), ""),
    "no deliver_many": (["BATCHES"], OnlyDeclared(), "NotImplementedError"),
}
