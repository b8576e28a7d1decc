"""The channel "record": accepts every email and sends none. For sandboxes and tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from plugins import Channel, Outcome, Outgoing, Receipt, Session, hookimpl
from plugins.codes import ChannelCode

RECORDED = Receipt(Outcome.SENT, *ChannelCode.RECORDED.message())


class RecordSession(Session):
    """Returns the outcomes of a working channel, so that a test does everything except sending."""

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Accept the email and discard it."""
        if not await about_to_transmit():
            return Receipt(Outcome.WITHDRAWN, *ChannelCode.WITHDRAWN.message())
        return RECORDED


class RecordChannel(Channel):
    """A channel that sends nothing."""

    key: ClassVar[str] = "record"
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Record only (sends nothing, for sandboxes and tests)",
        "de": "Nur aufzeichnen (versendet nichts, für Sandboxen und Tests)",
    }

    supports_copies = True

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return a high number, because this channel never waits."""
        return 500

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Return a session. This account is always available."""
        yield RecordSession()


@hookimpl
def touchline_register_channels() -> Sequence[Channel]:
    """Add the channel "record"."""
    return [RecordChannel()]
