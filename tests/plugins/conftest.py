"""Shared by the tests of the channels."""

from collections.abc import Callable

import pytest

from plugins import Outgoing


class Permission:
    """An ``about_to_transmit`` that counts how often it was asked."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(self) -> bool:
        self.asked += 1
        return self.answer


@pytest.fixture
def permission() -> Permission:
    return Permission()


@pytest.fixture
def refusal() -> Permission:
    return Permission(False)


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """Make an email; name only what matters."""

    def make(
        recipient: str = "ann@example.com",
        sender: str = "rep@example.org",
        message: bytes = b"Subject: Hello\r\n\r\nHi Ann\r\n",
        send_id: str = "s1",
        copies: tuple[str, ...] = (),
    ) -> Outgoing:
        return Outgoing(send_id, sender, recipient, message, copies)

    return make
