"""A channel that records what was sent, and in which thread."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any

from api.models import Send
from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session


@dataclass(frozen=True, slots=True)
class Threading:
    """How an email was threaded when it was sent."""

    send_id: str
    references: Sequence[str]
    """The Message-IDs of the header References."""
    replies_to: str | None
    """The Message-ID of the header In-Reply-To."""
    expected: Sequence[str]
    """The Message-IDs of the emails before it that had been sent, by the steps that are follow-ups."""


class Recorder(Channel, Session):
    """Records the emails that were sent, and hangs where a test wants a crash."""

    key = "recorder"
    labels = {"en": "Recorder"}

    def __init__(self) -> None:
        self.outcome = Outcome.SENT
        self.left: list[str] = []
        self.threads: list[Threading] = []
        self.hang: str | None = None
        self.hanging = asyncio.Event()
        self.interrupt: Callable[[], Awaitable[None]] | None = None
        """What happens while the next email is about to leave."""

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        await self._maybe("before")
        interrupt, self.interrupt = self.interrupt, None
        if interrupt:
            await interrupt()
        if self.outcome in {Outcome.SENT, Outcome.IN_DOUBT}:
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "")
            self.left.append(outgoing.send_id)
            self.threads.append(await _threading(outgoing))
            await self._maybe("after")
        return Receipt(self.outcome, "SCRIPTED", "As the test says.")

    async def _maybe(self, where: str) -> None:
        if self.hang == where:
            self.hanging.set()
            await asyncio.Event().wait()


async def _threading(outgoing: Outgoing) -> Threading:
    headers = BytesHeaderParser().parsebytes(outgoing.message)
    references = (headers["References"] or "").split()
    return Threading(outgoing.send_id, references, headers["In-Reply-To"], await _earlier(outgoing.send_id))


async def _earlier(send_id: str) -> list[str]:
    """Return the Message-IDs of the sent emails that this one follows up, the oldest first."""
    send = await Send.get(id=send_id).select_related("step")
    theirs = Send.filter(enrollment_id=send.enrollment_id, step__removed_at=None).select_related("step")
    emails = {email.step.number: email for email in await theirs}
    ids: list[str] = []
    number = send.step.number
    while emails[number].step.follow_up and number - 1 in emails:
        number -= 1
        if emails[number].status == "SENT":
            ids.insert(0, str(emails[number].message_id))
    return ids
