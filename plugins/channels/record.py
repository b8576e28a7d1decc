"""The channel "record": accepts every email and keeps none. For sandboxes and rehearsals."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from plugins import Channel, Outcome, Outgoing, Receipt, Session, hookimpl

RECORDED = Receipt(Outcome.SENT, "RECORDED", "Recorded, not sent.")


class RecordSession(Session):
    """Answers as a channel that works would, so that a rehearsal takes every step but the last."""

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Accept the email and let it go."""
        if not await about_to_transmit():
            return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn before it was recorded.")
        return RECORDED


class RecordChannel(Channel):
    """Nothing leaves."""

    key: ClassVar[str] = "record"
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Record only (nothing leaves: for sandboxes and rehearsals)",
        "de": "Nur vermerken (nichts geht hinaus: für Sandkästen und Proben)",
    }

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Take many at once: nothing waits for anyone here."""
        return 500

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Open nothing: this account is always available."""
        yield RecordSession()


@hookimpl
def touchline_register_channels() -> Sequence[Channel]:
    """Add the channel "record"."""
    return [RecordChannel()]
