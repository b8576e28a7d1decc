"""A channel that answers or breaks as a test says, beside one that works."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.models import Send
from api.states import SendStatus
from plugins.contract import Outgoing, Receipt
from tests.services.world import NOW, Scripted, World

Ask = Callable[[], Awaitable[bool]]
SOON = NOW + timedelta(seconds=30)


@dataclass
class Odd(Scripted):
    """A channel that answers, or breaks, as a test says, once it has asked or without asking."""

    answer: Any = None
    asks: bool = True
    breaks: BaseException | None = None
    opens: BaseException | None = None
    named: Any = "odd"
    at_once: Any = 1
    calls: int = 0

    key = "odd"

    def account(self, config: Mapping[str, Any]) -> str:
        return self._said(self.named)

    def sessions(self, config: Mapping[str, Any]) -> int:
        return self._said(self.at_once)

    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
        if self.opens is not None:
            raise self.opens
        return super().connect(config)

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Ask) -> Receipt:
        self.calls += 1
        if self.asks:
            assert await about_to_transmit()
        if self.breaks is not None:
            raise self.breaks
        return self.answer  # type: ignore[no-any-return]

    @staticmethod
    def _said(value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value


async def outcome(world: World) -> tuple[SendStatus, str | None, int]:
    """Dispatch twice. The others' emails have left; returns status, reason and attempts of the odd channel's."""
    await world.tick()
    await world.tick(SOON)
    others = Send.filter(due_at__lte=NOW).exclude(workspace_id=world.context.workspace_id)
    assert await others.filter(status=SendStatus.SENT).count() == 2
    send = await world.send()
    return send.status, send.reason, send.attempts


def odd_of(world: World) -> Odd:
    assert isinstance(world.channel, Odd)
    return world.channel
