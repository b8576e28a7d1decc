"""Channels with methods that are asynchronous where the contract has plain ones, or the other way round."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from plugins import Channel, Outgoing, Session
from tests.plugins.testing.channels import SENT, Ask, GoodSession, variant


async def asynchronous(self: Channel, config: Mapping[str, Any]) -> Any:
    """A method of which nobody gets the result."""


class NotAsynchronous(Session):
    def deliver(self, outgoing: Outgoing, about_to_transmit: Ask) -> Any:
        return SENT


@asynccontextmanager
async def delivers_without_await(self: Channel, config: Mapping[str, Any]) -> AsyncIterator[Session]:
    yield NotAsynchronous()


WITHOUT_AWAIT: dict[str, tuple[str, Channel, str]] = {
    "connect opens without a context": (
        "CONNECT",
        variant(connect=lambda self, config: GoodSession(self)),
        "not an asynchronous context manager. Put @asynccontextmanager before `async def connect`, and yield the",
    ),
    "an asynchronous connect": ("DECLARATIONS", variant(connect=asynchronous), "Put @asynccontextmanager before it"),
    "deliver that is not asynchronous": (
        "RECEIPT",
        variant(connect=delivers_without_await),
        "deliver() is not asynchronous. Define it with async def.",
    ),
}
"""Each fault with its rule, the channel, and a part of the message."""
