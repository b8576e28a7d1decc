"""Transmit emails to an SMTP server one by one, and know after each answer whether the email can have been sent."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from plugins import Outcome, Outgoing, Phase, Receipt, Session, Verdict, classify
from plugins.channels.smtp.address import for_the_wire
from plugins.channels.smtp.dkim_signing import DkimSigner, UnsignableError
from plugins.channels.smtp.login import about_login
from plugins.channels.smtp.requested_wait import requested_wait
from plugins.channels.smtp.url import SmtpSettings
from plugins.channels.smtp.wire import Reply, UnexpectedReplyError, Wire
from plugins.codes import ChannelCode, smtp_message
from plugins.provider_headers import provider_headers
from plugins.server_accounts.secrets import one_line
from strategies.codes import Message

CLOSING = 421
DONE = range(200, 300)
RSET = b"RSET\r\n"
INLINE_MAX_BYTES = 1_000_000
"""Size of an email, in bytes, up to which its content is made in the event loop."""
NO_COPIES: Mapping[bytes, str] = {}
PHASES = {b"MAIL": Phase.MAIL, b"RCPT": Phase.RCPT}
REJECTED = {Verdict.HARD: Outcome.HARD_BOUNCE, Verdict.SOFT: Outcome.SOFT_BOUNCE, Verdict.OURS: Outcome.FAILED}


class SmtpSession(Session):
    """One connection after a successful login.

    If the connection breaks before the content, the email was not sent. If it breaks after the content, only the
    server knows. ``supports`` says whether the server has an extension. With PIPELINING, the commands of the envelope
    are sent together.
    """

    def __init__(
        self, wire: Wire, supports: Callable[[str], bool], settings: SmtpSettings, signer: DkimSigner | None = None
    ) -> None:
        self._wire = wire
        self._supports = supports
        self._together = supports("pipelining")
        self._settings = settings
        self._signer = signer
        self._over = False
        self._blank = False
        """Whether RSET is not needed, because the server accepted the last email."""

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Deliver one email. After ACCOUNT_UNAVAILABLE or IN_DOUBT the connection is closed for good."""
        if self._over:
            return self._receipt(Outcome.ACCOUNT_UNAVAILABLE, ChannelCode.SESSION_OVER.message())
        commands = self._envelope(outgoing)
        if isinstance(commands, Receipt):
            return commands
        message = outgoing.message
        if self._signer is not None:
            message = with_crlf(message)
            try:  # in a thread, because a signature takes milliseconds
                message = await asyncio.to_thread(self._signer.signature, message) + message
            except UnsignableError as error:
                return self._receipt(Outcome.FAILED, ChannelCode.DKIM_FAILED.message(fault=error))
        if self._blank:
            commands = commands[1:]
        self._blank = False
        copies = dict(zip(commands[-len(outgoing.copies) :], outgoing.copies, strict=True)) if outgoing.copies else {}
        copies.pop(commands[-len(outgoing.copies) - 1], None)  # the recipient itself
        refused: list[tuple[str, str]] = []
        for part in (commands,) if self._together else [(command,) for command in commands]:
            if refusal := await self._ask(part, copies=copies, refused=refused):
                return refusal
        if not await about_to_transmit():
            await self._ask((RSET,))
            return self._receipt(Outcome.WITHDRAWN, ChannelCode.WITHDRAWN.message())
        provider = self._settings.provider
        headers = provider_headers(provider, outgoing.send_id) if provider else b""
        if len(message) <= INLINE_MAX_BYTES:
            content = content_of(headers + message)
        else:  # in a thread, because a large email takes tens of milliseconds
            content = await asyncio.to_thread(content_of, headers + message)
        receipt = await self._transmit(content)
        return replace(receipt, refused_copies=tuple(refused)) if refused else receipt

    def _envelope(self, outgoing: Outgoing) -> tuple[bytes, ...] | Receipt:
        """Return the commands before the content. If an address is not valid, returns a receipt and sends nothing."""
        try:
            sender = for_the_wire(outgoing.envelope_from)
            recipients = [for_the_wire(address) for address in (outgoing.recipient, *outgoing.copies)]
            if not all(recipients):
                raise ValueError("it is empty")
        except ValueError as error:
            return self._receipt(Outcome.FAILED, ChannelCode.ADDRESS_INVALID.message(fault=error))
        plain, parameters = outgoing.message.isascii(), ""
        headers = b"" if plain else re.split(rb"\r?\n\r?\n", outgoing.message, maxsplit=1)[0]
        if not "".join((sender, *recipients)).isascii() or not headers.isascii():
            if not self._supports("smtputf8"):
                return self._receipt(Outcome.FAILED, ChannelCode.SMTPUTF8_REQUIRED.message())
            parameters += " SMTPUTF8"
        if not plain and self._supports("8bitmime"):
            parameters += " BODY=8BITMIME"
        mail = f"MAIL FROM:<{sender}>{parameters}\r\n".encode()
        return RSET, mail, *(f"RCPT TO:<{recipient}>\r\n".encode() for recipient in recipients)

    async def _ask(
        self,
        commands: Sequence[bytes],
        copies: Mapping[bytes, str] = NO_COPIES,
        refused: list[tuple[str, str]] | None = None,
    ) -> Receipt | None:
        """Send commands together. Returns a receipt if one fails, else None. No content has been sent yet.

        ``copies`` are the commands for copies, with their addresses. A rejected copy is added to ``refused``.
        """
        try:
            replies = await self._wire.exchange(b"".join(commands), len(commands), self._settings.timeout)
        except (OSError, UnexpectedReplyError) as error:
            return self._lost(False, error)
        except BaseException:  # cancelled: nobody reads the answer
            self._close()
            raise
        for command, reply in zip(commands, replies, strict=False):
            if reply.code in range(400, 600):
                refusal = self._refused(reply, PHASES.get(command[:4]))
                if refused is None or command not in copies or refusal.outcome is Outcome.ACCOUNT_UNAVAILABLE:
                    return refusal
                refused.append((copies[command], refusal.detail))
            elif reply.code not in DONE:
                return self._lost(False, UnexpectedReplyError(f"{reply.code} {reply.text}"))
        return None

    async def _transmit(self, content: bytes) -> Receipt:
        """Send DATA and the content, which ends with the final dot. A connection that breaks later means IN_DOUBT."""
        settings = self._settings
        try:
            (reply,) = await self._wire.transmit(content, settings.timeout, settings.final_timeout)
        except (OSError, UnexpectedReplyError) as error:
            return self._lost(self._wire.content_sent, error)
        except BaseException:
            self._close()
            raise
        if reply.code in DONE and self._wire.content_sent:
            self._blank = True
            return self._receipt(
                Outcome.SENT, smtp_message(reply.code, f"{reply.code} {self._settings.tidy(reply.text)}")
            )
        if reply.code not in range(400, 600):
            return self._lost(self._wire.content_sent, UnexpectedReplyError(f"{reply.code} {reply.text}"))
        return self._refused(reply, Phase.CONTENT if self._wire.content_sent else Phase.DATA)

    def _refused(self, reply: Reply, phase: Phase | None) -> Receipt:
        """Return the outcome for a server that rejected the email.

        ``phase`` is None for RSET. A server that rejects RSET has a problem with the connection, not with this email.
        """
        detail = f"{self._settings.server} answered: {reply.code} {self._settings.tidy(reply.text)}"
        login = about_login(reply.code, reply.text, self._settings, envelope=phase in {Phase.MAIL, Phase.RCPT})
        if phase is None or login or reply.code == CLOSING:
            self._close()
            unavailable = self._receipt(Outcome.ACCOUNT_UNAVAILABLE, login or smtp_message(reply.code, detail))
            return replace(unavailable, retry_after=requested_wait(reply.text))
        if reply.code < 500:
            deferred = self._receipt(Outcome.DEFERRED, smtp_message(reply.code, detail))
            return replace(deferred, retry_after=requested_wait(reply.text))
        verdict = classify(reply.text, phase=phase, code=reply.code)
        return self._receipt(REJECTED[verdict], smtp_message(reply.code, detail))

    def _lost(self, in_doubt: bool, error: Exception) -> Receipt:
        """Close a connection after an error, and return what happened. ``in_doubt``: the content has been sent."""
        self._close()
        server, reply = self._settings.server, self._settings.tidy(str(error))
        if isinstance(error, UnexpectedReplyError) and in_doubt:
            message = ChannelCode.UNEXPECTED_REPLY.message("in_doubt", server=server, reply=reply)
        elif isinstance(error, UnexpectedReplyError):
            message = ChannelCode.UNEXPECTED_REPLY.message(server=server, reply=reply)
        elif isinstance(error, TimeoutError) and in_doubt:
            message = ChannelCode.TIMEOUT.message("in_doubt", server=server)
        elif isinstance(error, TimeoutError):
            message = ChannelCode.TIMEOUT.message(server=server)
        elif in_doubt:
            message = ChannelCode.CONNECTION_LOST.message("in_doubt", server=server)
        else:
            message = ChannelCode.CONNECTION_LOST.message(server=server)
        return self._receipt(Outcome.IN_DOUBT if in_doubt else Outcome.ACCOUNT_UNAVAILABLE, message)

    def _close(self) -> None:
        self._over = True
        self._wire.close()

    def _receipt(self, outcome: Outcome, message: Message) -> Receipt:
        return Receipt(outcome, message.code, one_line(message.sentence))


def content_of(message: bytes) -> bytes:
    """Return the content for DATA: lines with CRLF, with their dots escaped, and the final dot."""
    stuffed = with_crlf(message).replace(b"\r\n.", b"\r\n..")
    return b"".join((b"." if stuffed.startswith(b".") else b"", stuffed, b".\r\n"))


def with_crlf(message: bytes) -> bytes:
    """Return a message whose lines end with CRLF, the last one included."""
    content = message if message.endswith(b"\r\n") else message + b"\r\n"
    # Servers disagree on a single CR or LF, so it could smuggle an end of the content past one of them.
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    return content
