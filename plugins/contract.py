"""The contract of channels. A channel delivers emails, for example to a mail server.

``Channel.connect`` opens an account, and ``Session.deliver`` delivers one email. ``deliver`` awaits
``about_to_transmit()`` after the last step that can be repeated safely, and before the first step that cannot. If the
result is False, the email was withdrawn and the channel must not transmit it. So no email is sent twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Outcome(StrEnum):
    """The outcome of one attempt to deliver one email."""

    SENT = "SENT"
    """The channel accepted the email and is responsible for it."""
    DEFERRED = "DEFERRED"
    """The server rejected this email temporarily (SMTP 4xx). Touchline tries again later."""
    FAILED = "FAILED"
    """This email cannot be sent, but not because of the recipient. Touchline does not try again automatically."""
    HARD_BOUNCE = "HARD_BOUNCE"
    """The recipient's server rejected the address permanently (no such user or host, moved).

    The person's ``bouncedAt`` is set. Their campaigns end if Remove on Bounce is on.
    """
    SOFT_BOUNCE = "SOFT_BOUNCE"
    """This email was rejected permanently, but the address may be valid.

    Examples: the mailbox is full, or the email was blocked, spam, against a policy or too large. Touchline does not
    try again automatically. The person's campaigns continue.
    """
    IN_DOUBT = "IN_DOUBT"
    """The email may or may not have been sent (the connection broke after its content). A user decides."""
    ACCOUNT_UNAVAILABLE = "ACCOUNT_UNAVAILABLE"
    """The account has a problem, not this email (421, connection lost before the content).

    The email does not lose an attempt.
    """
    WITHDRAWN = "WITHDRAWN"
    """``about_to_transmit`` returned False. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result for one email: the outcome, a code for programs, and a sentence for people."""

    outcome: Outcome
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One email, ready to be transmitted. ``message`` is in RFC 5322 format, with CRLF line ends.

    ``envelope_from`` is the address to which mail servers return the email if they cannot deliver it: the sender's, or
    an address that belongs to this email only (TOUCHLINE_RETURN_PATH).
    """

    send_id: str
    envelope_from: str
    recipient: str
    message: bytes


class AccountUnavailableError(Exception):
    """Raised by ``Channel.connect`` if it cannot connect or log in. The account is paused. No email loses an attempt.

    The account is paused in all processes. With ``here=True`` it is paused in this process only. Use this if the cause
    is local, such as a missing setting or file. Other processes then still send the account's emails.
    """

    def __init__(self, code: str, detail: str, *, here: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.here = here


class Session(ABC):
    """One connection to an account. It delivers one email after the other."""

    @abstractmethod
    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Deliver one email and return its outcome. Failures of a server or a disk are outcomes, not exceptions."""


class Channel(ABC):
    """A kind of delivery, such as SMTP. ``touchline_register_channels`` registers it."""

    key: ClassVar[str]
    """The name that senders use, unique among all installed channels."""
    labels: ClassVar[Mapping[str, str]]
    """The name that users read, by language code; "en" is required."""
    config_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "additionalProperties": False}
    """JSON Schema (2020-12) of a sender's configuration for this channel. Secrets belong in the environment."""

    def account(self, config: Mapping[str, Any]) -> str:
        """Return the name of the account that this configuration uses. Touchline pauses each account separately."""
        return self.key

    def accounts(self) -> Sequence[str] | None:
        """Return the accounts that this process can use, with the names of ``account``. None if they are not known."""
        return [self.key] if type(self).account is Channel.account else None

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return how many sessions of one account one process can open at the same time."""
        return 1

    async def trouble(self) -> str | None:
        """Return one sentence that says why this process cannot use the channel now, or None if it can.

        /ready calls this every few seconds. Make only a check that ends within a second.
        """
        return None

    @abstractmethod
    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        """Open the account. Raises AccountUnavailableError on entry if the account cannot be opened."""
