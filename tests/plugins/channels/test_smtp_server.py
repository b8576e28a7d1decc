"""The channel "smtp" against a real server: STARTTLS, TLS, logins, and passwords that stay where they belong."""

import asyncio
import base64
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from plugins import Outcome, Outgoing
from plugins.channels.smtp.channel import SmtpChannel
from plugins.channels.smtp.url import parse
from plugins.testing import check_channel
from plugins.testing.channels import delivery as channel_delivery
from tests.plugins.scripted import ScriptedServer, refused

Make = Callable[..., Outgoing]
USER, PASSWORD = "rep@example.org", "pä:ss/w@rd?#%+ 1"
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"


class Mailbox:
    """What the server accepted, and how it knew the sender."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.sessions: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 queued as 42"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
    assert isinstance(login, LoginPassword)
    return AuthResult(success=(login.login, login.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def cafile(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@asynccontextmanager
async def serve(mailbox: Mailbox, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A real server in this loop: its port."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(mailbox, hostname="test", enable_SMTPUTF8=True, loop=loop, **options)

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def test_it_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_delivery, "LARGE_BYTES", 2_000_000)  # the server of the test is slow
    mailbox = Mailbox()
    async with serve(mailbox) as port:
        channel = SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}?security=none&helo=test"})
        away = [{"account": "MISSING"}]
        await check_channel(channel, transmitted=lambda: len(mailbox.envelopes), unavailable=away)


async def test_starttls_and_login(cafile: Path, certificate: ssl.SSLContext, outgoing: Make, permission: Any) -> None:
    mailbox = Mailbox()
    options: dict[str, Any] = {"tls_context": certificate, "require_starttls": True, "auth_required": True}
    async with serve(mailbox, authenticator=authenticate, **options) as port:
        environment = {"TOUCHLINE_SMTP_URL_SALES": f"smtp://{LOGIN}@127.0.0.1:{port}?cafile={cafile}&helo=test"}
        channel = SmtpChannel(environment)
        async with channel.connect({"account": "SALES"}) as session:
            for recipient in ("ann@example.com", "änn@example.com"):
                receipt = await session.deliver(outgoing(recipient), permission)
                assert (receipt.outcome, receipt.detail) == (Outcome.SENT, "250 queued as 42")
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["ann@example.com"], ["änn@example.com"]]
    assert mailbox.envelopes[0].content == b"Subject: Hello\r\n\r\nHi Ann\r\n"
    assert mailbox.sessions[0].ssl is not None
    assert mailbox.sessions[0].authenticated


async def test_tls_from_the_first_byte(
    cafile: Path, certificate: ssl.SSLContext, outgoing: Make, permission: Any
) -> None:
    mailbox = Mailbox()
    async with serve(mailbox, tls=certificate) as port:
        channel = SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtps://localhost:{port}?cafile={cafile}&helo=test"})
        async with channel.connect({}) as session:
            assert (await session.deliver(outgoing(), permission)).outcome is Outcome.SENT
    assert len(mailbox.envelopes) == 1


async def test_a_wrong_password_is_refused_and_never_shown(
    cafile: Path, certificate: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    options: dict[str, Any] = {"tls_context": certificate, "require_starttls": True}
    async with serve(Mailbox(), authenticator=authenticate, **options) as port:
        url = f"smtp://{quote(USER)}:s3cret-pass@127.0.0.1:{port}?cafile={cafile}&helo=test"
        channel = SmtpChannel({"TOUCHLINE_SMTP_URL": url})
        error = await refused(channel)
    assert error.code == "LOGIN_REFUSED"
    assert "535" in error.detail
    shown = "".join([*traceback.format_exception(error), repr(error), repr(channel), repr(parse(url))])
    assert "s3cret" not in shown
    assert "s3cret" not in "".join(r.getMessage() for r in caplog.records if not r.name.startswith("mail."))


async def test_a_server_that_echoes_the_login_does_not_spread_it() -> None:
    blob = base64.b64encode(b"\0rep\0s3cret").decode()
    script = {"EHLO": b"250-x\r\n250 AUTH PLAIN", "AUTH": f"500 unknown: AUTH PLAIN {blob} s3cret".encode()}
    async with ScriptedServer(script).running() as server:
        url = f"smtp://rep:s3cret@127.0.0.1:{server.port}?security=none&helo=test"
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": url}))
    assert error.code == "LOGIN_REFUSED"
    assert "500 unknown: AUTH PLAIN *** ***" in error.detail


async def test_tls_that_cannot_be_trusted(certificate: ssl.SSLContext) -> None:
    async with serve(Mailbox(), tls_context=certificate) as port:
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}?helo=test"}))
    assert error.code == "TLS_FAILED"
    assert "cafile" in error.detail


async def test_no_starttls_means_no_login() -> None:
    async with ScriptedServer({"EHLO": b"250-x\r\n250 AUTH PLAIN"}).running() as server:
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://a:b@127.0.0.1:{server.port}?helo=test"}))
        assert server.verbs == ["EHLO"]
    assert error.code == "STARTTLS_MISSING"
