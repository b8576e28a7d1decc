"""A session of a channel that runs in another process."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from api.channel_processes.limits import ChannelFaultError, ChannelStoppedError
from api.channel_processes.process import Call, ChannelProcess
from api.channel_processes.wire_values import emails_to_wire, receipt_from_wire
from plugins.contract import Outcome, Outgoing, Receipt, Session

if TYPE_CHECKING:
    from api.channel_processes.remote_channel import RemoteChannel

log = logging.getLogger("touchline.channels")

SLOW_SECONDS = 10.0
"""The log names a delivery that takes longer. It is not a fault."""

_numbers = itertools.count()


class RemoteSession(Session):
    """Gives emails to a channel's process. One task uses it.

    If the process ends or takes too long, the emails lose no attempt, unless the channel had the permission to transmit
    them. In that case an exception marks them as in doubt.
    """

    def __init__(self, channel: "RemoteChannel", process: ChannelProcess) -> None:
        self._channel = channel
        self._process = process
        self._number = next(_numbers)
        self._is_delivering = False

    async def open(self, config: Mapping[str, Any]) -> None:
        """Open the session. Raises AccountUnavailableError, ChannelFaultError and ChannelStoppedError."""
        call = self._process.call("connect", {"do": "connect", "session": self._number, "config": dict(config)})
        try:
            await self._last_answer(call, self._process.limits.of("connect"))
        except asyncio.CancelledError:
            self._process.send({"do": "close", "id": -1, "session": self._number, "cancel": True})
            raise
        finally:
            call.end()

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Deliver one email."""

        async def granted() -> Collection[str]:
            return (outgoing.send_id,) if await about_to_transmit() else ()

        return (await self._deliver([outgoing], granted, many=False))[0]

    async def deliver_many(
        self, outgoing: Sequence[Outgoing], about_to_transmit: Callable[[], Awaitable[Collection[str]]]
    ) -> Sequence[Receipt]:
        """Deliver several emails in one request."""
        return await self._deliver(outgoing, about_to_transmit, many=True)

    async def close(self) -> None:
        """Close the session. If it does not end in time, its process is killed. Raises ChannelFaultError."""
        if self._process.has_ended:
            return
        message = {"do": "close", "session": self._number, "cancel": self._is_delivering}
        try:
            await self._process.ask("close", message)
        except ChannelStoppedError as error:
            await self._channel.stopped(error)

    async def _deliver(
        self, emails: Sequence[Outgoing], ask: Callable[[], Awaitable[Collection[str]]], *, many: bool
    ) -> Sequence[Receipt]:
        objects, messages = emails_to_wire(emails)
        message = {"do": "deliver", "session": self._number, "emails": objects, "many": many}
        may_be_sent, self._is_delivering = False, True
        call = self._process.call("deliver_many" if many else "deliver", message, messages)
        try:
            seconds = self._process.limits.of(call.name)
            started = self._process.loop.time()
            while True:
                answer = await self._answer(call, seconds - (self._process.loop.time() - started))
                if "begin" not in answer:
                    break
                asked_at = self._process.loop.time()
                granted = list(await ask())
                started += self._process.loop.time() - asked_at
                # A process that has ended meanwhile did not get the permission.
                if not self._process.has_ended:
                    may_be_sent = may_be_sent or bool(granted)
                    self._process.send({"do": "begun", "session": self._number, "granted": granted})
            self._is_delivering = False
            if (took := self._process.loop.time() - started) > SLOW_SECONDS:
                names = self._channel.key, self._channel.source.distribution
                log.warning("the channel %s (%s) is slow: %s() took %.0f s of %g s", *names, call.name, took, seconds)
        except ChannelStoppedError as error:
            await self._channel.stopped(error)
            if may_be_sent:
                raise
            return [Receipt(Outcome.ACCOUNT_UNAVAILABLE, *error.message) for _ in emails]
        except ChannelFaultError as error:
            self._is_delivering = False
            await self._channel.failed(error, call.name)
            raise
        finally:
            call.end()
        await self._channel.works()
        return [receipt_from_wire(found) for found in answer["receipts"]]

    async def _answer(self, call: Call, seconds: float) -> Any:
        try:
            return await call.next(max(seconds, 0.0))
        except TimeoutError:
            raise await self._stop(call) from None

    async def _last_answer(self, call: Call, seconds: float) -> None:
        await self._answer(call, seconds)

    async def _stop(self, call: Call) -> ChannelStoppedError:
        """Cancel a call that takes too long. If the session does not end in time, kill its process."""
        error = self._process.too_slow(call.name)
        closing = self._process.call("close", {"do": "close", "session": self._number, "cancel": True})
        try:
            with suppress(ChannelFaultError):
                await closing.next(self._process.limits.grace_seconds)
        except (TimeoutError, ChannelStoppedError):
            self._process.kill(error)
        else:
            if len(self._process.calls) <= 2:  # only this call and the closing call: no other session uses the process
                self._process.kill(error)  # a thread of the channel may still be busy
        finally:
            closing.end()
        return error
