"""A channel that keeps what it is given. A sandbox sends all of its emails through it."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from plugins.channels.record import RecordChannel
from plugins.contract import Outcome, Outgoing, Receipt, Session


class RecordingChannel(RecordChannel):
    """Records the emails of a sandbox instead of delivering them.

    ``emails`` are those that it has accepted, in their order. It accepts every email, unless ``answer`` gave it other
    answers. A sandbox never calls the channel of a package: test that with ``assert_channel`` and ``deliver``.
    """

    def __init__(self) -> None:
        self.emails: list[Outgoing] = []
        self._answers: deque[Receipt] = deque()

    def answer(self, receipt: Receipt, times: int = 1) -> None:
        """Answer the next emails with this receipt, such as ``Receipt(Outcome.DEFERRED, "BUSY", "Try again.")``.

        ``times`` is the number of attempts that get it. Later ones are accepted. Several answers are given in order.
        """
        if not isinstance(receipt, Receipt):
            raise TypeError(f"answer() takes a Receipt, not {receipt!r:.60}")
        self._answers.extend([receipt] * times)

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Return a session that keeps the emails."""
        async with super().connect(config) as session:
            yield _RecordingSession(session, self.emails, self._answers)


class _RecordingSession(Session):
    def __init__(self, session: Session, emails: list[Outgoing], answers: deque[Receipt]) -> None:
        self._session = session
        self._emails = emails
        self._answers = answers

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Accept the email as the channel "record" does and keep it, or give the next answer of the test."""
        receipt = await self._session.deliver(outgoing, about_to_transmit)
        if receipt.outcome is Outcome.SENT and self._answers:
            receipt = self._answers.popleft()
        if receipt.outcome is Outcome.SENT:
            self._emails.append(outgoing)
        return receipt
