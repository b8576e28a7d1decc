"""What a channel is: the way in which an email leaves.

A channel's work is split in two, so that nothing is ever sent twice. ``Channel.connect`` opens one account;
``Session.deliver`` hands over one email. Between what can be repeated safely and what cannot, ``deliver``
awaits ``about_to_transmit()``: when that answers False, the send was taken away and nothing may leave.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Outcome(StrEnum):
    """What became of one attempt to deliver one email."""

    SENT = "SENT"
    """The channel took responsibility for the email."""
    DEFERRED = "DEFERRED"
    """A temporary refusal of this email (SMTP 4xx): try again later."""
    FAILED = "FAILED"
    """This email cannot be sent, and the recipient is not the reason: never tried again by itself."""
    HARD_BOUNCE = "HARD_BOUNCE"
    """The recipient's server rejects the address for good (no such user or host, moved).

    The person's ``bouncedAt`` is set, and their campaigns end where Remove on Bounce is on.
    """
    SOFT_BOUNCE = "SOFT_BOUNCE"
    """This email was rejected for good, but the address may be good (mailbox full, blocked, spam, policy, too large).

    It is never tried again by itself. The person's campaigns go on.
    """
    IN_DOUBT = "IN_DOUBT"
    """The email may or may not have left (the connection broke after its content): a person decides."""
    ACCOUNT_UNAVAILABLE = "ACCOUNT_UNAVAILABLE"
    """The account, not this email, is in trouble (421, connection lost before the content).

    It costs the email no attempt.
    """
    WITHDRAWN = "WITHDRAWN"
    """``about_to_transmit`` answered False: nothing left."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel's answer for one email: the outcome, a code for machines, a sentence for people."""

    outcome: Outcome
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One email, ready to leave. ``message`` is RFC 5322 bytes with CRLF line ends."""

    send_id: str
    envelope_from: str
    recipient: str
    message: bytes


class AccountUnavailableError(Exception):
    """Raised by ``Channel.connect``: no connection, no login. The account waits; no email loses an attempt.

    It waits in all processes, unless what is missing is missing ``here`` alone, such as a setting or a file: then this
    process leaves its emails to the others.
    """

    def __init__(self, code: str, detail: str, *, here: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.here = here


class Session(ABC):
    """One open account. Emails are handed to it one after the other."""

    @abstractmethod
    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Deliver one email and say what became of it. Never raises for what a server or a disk can do."""


class Channel(ABC):
    """A way for emails to leave, registered by ``touchline_register_channels``."""

    key: ClassVar[str]
    """What senders name it by, unique among all installed channels."""
    labels: ClassVar[Mapping[str, str]]
    """Its name for people, by language code; "en" is required."""
    config_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "additionalProperties": False}
    """JSON Schema (2020-12) of a sender's configuration for this channel. Secrets belong in the environment."""

    def account(self, config: Mapping[str, Any]) -> str:
        """Name the account that this configuration uses: what is paused together when it is in trouble."""
        return self.key

    def accounts(self) -> Sequence[str] | None:
        """List the names of the accounts that this process can use, as ``account`` gives them; None: it cannot say."""
        return [self.key] if type(self).account is Channel.account else None

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Say how many sessions of one account may be open side by side, in one process."""
        return 1

    async def trouble(self) -> str | None:
        """Say in one sentence why this process cannot use the channel at the moment, for /ready; None where it can.

        It is asked every few seconds: do no more than a look that ends within a second.
        """
        return None

    @abstractmethod
    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        """Open the account. Entering raises AccountUnavailableError when it cannot be opened."""
