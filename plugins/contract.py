"""The contract of channels. A channel delivers emails, for example to a mail server.

``Channel.connect`` opens an account, and ``Session.deliver`` delivers one email. ``deliver`` awaits
``about_to_transmit()`` after the last step that can be repeated safely, and before the first step that cannot. If the
result is False, the email was withdrawn and the channel must not transmit it. So no email is sent twice.

A channel whose service takes several emails in one request sets ``batch_size`` and defines ``Session.deliver_many``.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar

from plugins.structured_email import StructuredEmail


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
    refused_copies: Sequence[tuple[str, str]] = ()
    """With SENT: the addresses of ``Outgoing.copies`` that the server has rejected, each with its answer."""
    retry_after: float | datetime | None = None
    """When the server accepts emails again: in how many seconds, or at an instant with a time zone.

    With DEFERRED the email is tried again then, 10 seconds to 4 days later. With ACCOUNT_UNAVAILABLE the account pauses
    until then, 1 second to 24 hours. A value outside of these limits counts as the nearest limit. None if the server
    did not say it: Touchline then chooses the time.
    """


@dataclass(frozen=True)
class Outgoing:
    """One email, ready to be transmitted. ``message`` is in RFC 5322 format, with CRLF line ends.

    ``envelope_from`` is the address to which mail servers return the email if they cannot deliver it: the sender's, or
    an address that belongs to this email only (TOUCHLINE_RETURN_PATH).
    """

    send_id: str
    envelope_from: str
    recipient: str
    """The address in To. If it is rejected, the email is not sent to anyone."""
    message: bytes
    copies: Sequence[str] = ()
    """The addresses that get a copy (CC and BCC). Only channels with ``supports_copies`` get such emails.

    If one is rejected, the others still get the email: see ``Receipt.refused_copies``.
    """

    @cached_property
    def email(self) -> StructuredEmail:
        """The parts of ``message``: addresses, subject, texts, headers and files.

        They are read from ``message`` when a channel asks for them first. Channels that do not ask pay nothing.
        """
        return StructuredEmail.read(self.message)


class AccountUnavailableError(Exception):
    """Raised by ``Channel.connect`` if it cannot connect or log in. The account is paused. No email loses an attempt.

    The account is paused in all processes. With ``here=True`` it is paused in this process only. Use this if the cause
    is local, such as a missing setting or file. Other processes then still send the account's emails.
    ``retry_after`` is when the server accepts the account again, as in ``Receipt.retry_after``.
    """

    def __init__(
        self, code: str, detail: str, *, here: bool = False, retry_after: float | datetime | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.here = here
        self.retry_after = retry_after


class Session(ABC):
    """One connection to an account. It delivers one email after the other."""

    @abstractmethod
    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Deliver one email and return its outcome. Failures of a server or a disk are outcomes, not exceptions."""

    async def deliver_many(
        self, outgoing: Sequence[Outgoing], about_to_transmit: Callable[[], Awaitable[Collection[str]]]
    ) -> Sequence[Receipt]:
        """Deliver 2 to ``Channel.batch_size`` emails in one request. Return a receipt for each, in their order.

        Await ``about_to_transmit()`` once, before the request. It returns the ``send_id`` of each email that may be
        transmitted. Leave the others out of the request, and return WITHDRAWN for them. If nobody knows what became of
        the request, return IN_DOUBT for each email in it.
        """
        raise NotImplementedError("A channel with a batch_size above 1 defines deliver_many in its session.")


class Channel(ABC):
    """A kind of delivery, such as SMTP. ``touchline_register_channels`` registers it."""

    key: ClassVar[str]
    """The name that senders use, unique among all installed channels."""
    labels: ClassVar[Mapping[str, str]]
    """The name that users read, by language code; "en" is required."""
    config_schema: ClassVar[Mapping[str, Any]] = {"type": "object", "additionalProperties": False}
    """JSON Schema (2020-12) of a sender's configuration for this channel. Secrets belong in the environment."""

    supports_copies: ClassVar[bool] = False
    """Whether the channel delivers emails to ``Outgoing.copies`` as well. Otherwise emails with CC or BCC fail."""

    batch_size: ClassVar[int] = 1
    """How many emails ``Session.deliver_many`` takes in one request, from 1 to 1,000. With 1 it is never called."""

    def account(self, config: Mapping[str, Any]) -> str:
        """Return the name of the account that this configuration uses. Touchline pauses each account separately."""
        return self.key

    def accounts(self) -> Sequence[str] | None:
        """Return the accounts that this process can use, with the names of ``account``. None if they are not known."""
        return [self.key] if type(self).account is Channel.account else None

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return how many sessions of one account one process can open at the same time.

        The default is 1, which is safe for every service. Return more only if the service allows so many connections
        or requests at the same time, from each process of the server.
        """
        return 1

    async def trouble(self) -> str | None:
        """Return one sentence that says why this process cannot use the channel now, or None if it can.

        /ready calls this every few seconds. Make only a check that ends within a second.
        """
        return None

    @abstractmethod
    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        """Open the account. Raises AccountUnavailableError on entry if the account cannot be opened."""
