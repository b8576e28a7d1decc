"""The channel "smtp": transmits each email to the account's SMTP server.

The accounts are in the environment: ``TOUCHLINE_SMTP_URL``, and ``TOUCHLINE_SMTP_URL_SALES`` for the account
"SALES" of a sender's configuration. ``plugins/channels/smtp/url.py`` describes the format of the URLs.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

from aiosmtplib import SMTP, SMTPResponseException

from plugins import AccountUnavailableError, Channel, Session, hookimpl
from plugins.channels.smtp.dkim_keys import read_keys
from plugins.channels.smtp.dkim_signing import DkimSigner
from plugins.channels.smtp.login import about_login, greet, log_in
from plugins.channels.smtp.session import SmtpSession
from plugins.channels.smtp.url import SmtpSettings, parse
from plugins.channels.smtp.wire import UnexpectedReplyError, Wire
from plugins.codes import ChannelCode, smtp_message
from plugins.server_accounts.environment import ACCOUNT, account_names, check_urls, settings_of
from plugins.server_accounts.tls import trust
from plugins.server_accounts.token import open_with_token
from strategies.codes import Message

VARIABLE = "TOUCHLINE_SMTP_URL"
EXAMPLE = "smtp://user:password@host:587"
QUIT_TIMEOUT_SECONDS = 2.0


class SmtpChannel(Channel):
    """Email through a mail server, with TLS and a login."""

    key: ClassVar[str] = "smtp"
    labels: ClassVar[Mapping[str, str]] = {"en": "Mail server (SMTP)", "de": "Mailserver (SMTP)"}
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "account": {
                "type": "string",
                "pattern": ACCOUNT,
                "description": f"The account whose server is in {VARIABLE}_<ACCOUNT>; without it, {VARIABLE}.",
            }
        },
        "additionalProperties": False,
    }

    supports_copies = True

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def account(self, config: Mapping[str, Any]) -> str:
        """Return a name for each URL, because a problem with one server is not a problem with another."""
        return f"{self.key}:{config['account']}" if config.get("account") else self.key

    def accounts(self) -> list[str]:
        """Return an account for each URL in the environment."""
        return [f"{self.key}:{name}" if name else self.key for name in account_names(self._environment, VARIABLE)]

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return the number of connections that the account's URL allows."""
        try:
            return self._settings(config).connections
        except AccountUnavailableError:
            return 1  # connect() then raises the error

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Connect, start TLS and log in. Send QUIT at the end."""
        settings, signer = self._settings(config), await asyncio.to_thread(self._signer)
        client, settings = await open_with_token(settings, open_connection)
        try:
            wire = Wire(cast(asyncio.Transport, client.transport))
            yield SmtpSession(wire, client.supports_extension, settings, signer or None)
            with contextlib.suppress(OSError, UnexpectedReplyError):
                await wire.exchange(b"QUIT\r\n", 1, min(settings.timeout, QUIT_TIMEOUT_SECONDS))
        finally:
            client.close()

    def _signer(self) -> DkimSigner:
        """Read the DKIM keys, so that a new connection uses a new key."""
        try:
            return DkimSigner(read_keys(self._environment))
        except ValueError as error:
            fault = str(error)
        raise AccountUnavailableError(*ChannelCode.NOT_CONFIGURED.message("key", fault=fault), here=True)

    def _settings(self, config: Mapping[str, Any]) -> SmtpSettings:
        """Find the account's URL in the environment."""
        return settings_of(self._environment, VARIABLE, config.get("account"), parse, EXAMPLE)


def check_accounts(environment: Mapping[str, str]) -> None:
    """Check the URL of every account, and every DKIM key. Raises ValueError with a sentence that names the variable."""
    check_urls(environment, VARIABLE, parse)
    read_keys(environment)


async def open_connection(settings: SmtpSettings) -> SMTP:
    """Return a client that has logged in. Raises AccountUnavailableError if this fails."""
    context = None if settings.security == "none" else await asyncio.to_thread(trust, settings)
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=settings.timeout,
        local_hostname=settings.helo,
        use_tls=settings.security == "tls",
        start_tls=False,  # done below, so that the failure of each step has a message of its own
        tls_context=context,
    )
    step = "connect to"
    try:
        await client.connect()
        step = "greet"
        await greet(client)
        if settings.security == "starttls":
            step = "start TLS with"
            if not client.supports_extension("starttls"):
                raise AccountUnavailableError(*ChannelCode.STARTTLS_MISSING.message(server=settings.server))
            await client.starttls()
            await greet(client)
        if settings.username is not None:
            step = "log in to"
            await log_in(client, settings, settings.token if settings.xoauth2 else None)
    except AccountUnavailableError:
        client.close()
        raise
    except Exception as error:  # any error pauses the account only
        client.close()
        unavailable = AccountUnavailableError(*explain(error, step, settings))
    except BaseException:
        client.close()
        raise
    else:
        return client
    # Raised outside of the handler, because the original error can contain the login.
    raise unavailable


def explain(error: Exception, step: str, settings: SmtpSettings) -> Message:
    """Return why the account could not be opened."""
    chain: list[BaseException] = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    server, fault = settings.server, settings.tidy(str(chain[-1]))
    if isinstance(error, SMTPResponseException):
        words = settings.tidy(error.message)
        if error.code <= 0:
            return ChannelCode.UNEXPECTED_REPLY.message("connecting", step=step, server=server, reply=words)
        login = about_login(error.code, error.message, settings, envelope=False)
        return login or smtp_message(error.code, f"Could not {step} {server}: {error.code} {words}")
    if any(isinstance(link, ssl.SSLError) for link in chain):
        return ChannelCode.TLS_FAILED.message(step=step, server=server, fault=fault)
    if isinstance(error, TimeoutError):
        return ChannelCode.TIMEOUT.message("connecting", step=step, server=server, seconds=settings.timeout)
    return ChannelCode.CONNECTION_FAILED.message(step=step, server=server, fault=fault)


@hookimpl
def touchline_register_channels(environment: Mapping[str, str]) -> Sequence[Channel]:
    """Add the channel "smtp"."""
    return [SmtpChannel(environment)]
