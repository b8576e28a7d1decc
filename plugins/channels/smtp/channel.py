"""The channel "smtp": transmits each email to the account's SMTP server.

The accounts are in the environment: ``TOUCHLINE_SMTP_URL``, and ``TOUCHLINE_SMTP_URL_SALES`` for the account
"SALES" of a sender's configuration. ``plugins/channels/smtp/url.py`` describes the format of the URLs.
"""

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ClassVar, cast

from aiosmtplib import SMTP, SMTPResponseException

from plugins import AccountUnavailableError, Channel, Session, hookimpl
from plugins.channels.smtp.login import about_login, greet, log_in
from plugins.channels.smtp.session import SmtpSession
from plugins.channels.smtp.token import read_token
from plugins.channels.smtp.url import SmtpSettings, parse
from plugins.channels.smtp.wire import UnexpectedReplyError, Wire
from plugins.codes import ChannelCode, smtp_message
from strategies.codes import Message

log = logging.getLogger("touchline.smtp")

VARIABLE = "TOUCHLINE_SMTP_URL"
ACCOUNT = "^[A-Z][A-Z0-9_]{0,30}$"
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

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def account(self, config: Mapping[str, Any]) -> str:
        """Return a name for each URL, because a problem with one server says nothing about another."""
        return f"{self.key}:{config['account']}" if config.get("account") else self.key

    def accounts(self) -> list[str]:
        """Return an account for each URL in the environment."""
        default = [self.key] if self._environment.get(VARIABLE) else []
        prefix = f"{VARIABLE}_"
        set_here = (
            name.removeprefix(prefix) for name, url in self._environment.items() if name.startswith(prefix) and url
        )
        return default + sorted(f"{self.key}:{account}" for account in set_here if re.fullmatch(ACCOUNT, account))

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return the number of connections that the account's URL allows."""
        try:
            return self._settings(config).connections
        except AccountUnavailableError:
            return 1  # connect() then raises the error

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Connect, start TLS and log in. Send QUIT at the end."""
        settings = self._settings(config)
        client, settings = await open_connection(settings)
        try:
            wire = Wire(cast(asyncio.Transport, client.transport))
            yield SmtpSession(wire, client.supports_extension, settings)
            with contextlib.suppress(OSError, UnexpectedReplyError):
                await wire.exchange(b"QUIT\r\n", 1, min(settings.timeout, QUIT_TIMEOUT_SECONDS))
        finally:
            client.close()

    def _settings(self, config: Mapping[str, Any]) -> SmtpSettings:
        """Find the account's URL in the environment."""
        account = config.get("account")
        if account is not None and not re.fullmatch(ACCOUNT, str(account)):
            raise AccountUnavailableError(*ChannelCode.NOT_CONFIGURED.message("name", pattern=ACCOUNT))
        variable = f"{VARIABLE}_{account}" if account else VARIABLE
        url = self._environment.get(variable)
        if not url:
            raise AccountUnavailableError(*ChannelCode.NOT_CONFIGURED.message(variable=variable), here=True)
        try:
            return parse(url)
        except ValueError as error:
            fault = str(error)
        unusable = ChannelCode.NOT_CONFIGURED.message("url", variable=variable, fault=fault)
        raise AccountUnavailableError(*unusable, here=True)


def check_accounts(environment: Mapping[str, str]) -> None:
    """Check the URL of every account. Raises ValueError with a sentence that names the variable."""
    for variable, url in sorted(environment.items()):
        if url and (variable == VARIABLE or variable.startswith(f"{VARIABLE}_")):
            try:
                parse(url)
            except ValueError as error:
                raise ValueError(f"{variable} cannot be used. {error}") from None


async def open_connection(settings: SmtpSettings) -> tuple[SMTP, SmtpSettings]:
    """Return a client that has logged in, and the settings with the token that it used.

    Raises AccountUnavailableError if this fails. If the server rejects a token, the token is read once more, because
    another program may have replaced it before the login.
    """
    if not settings.xoauth2:
        return await _open(settings), settings
    first = replace(settings, token=await read_token(settings))
    try:
        return await _open(first), first
    except AccountUnavailableError as error:
        if error.code != ChannelCode.LOGIN_REFUSED:
            raise
        again = replace(settings, token=await read_token(settings))
        if again.token == first.token:
            raise
    return await _open(again), again


async def _open(settings: SmtpSettings) -> SMTP:
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


def trust(settings: SmtpSettings) -> ssl.SSLContext:
    """Make the TLS context, with the system's certificate authorities or those of ``cafile``."""
    try:
        return ssl.create_default_context(cafile=settings.cafile)
    except OSError as error:
        log.error("the certificates in cafile=%s cannot be read: %s", settings.cafile, error.strerror)
        unreadable = ChannelCode.CAFILE_UNREADABLE.message(fault=error.strerror or type(error).__name__)
        raise AccountUnavailableError(*unreadable, here=True) from error


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
