"""How an SMTP account is written in the environment, and what is said when it cannot be opened."""

import traceback

import pytest

from plugins.smtp import SmtpChannel
from plugins.smtp_url import parse
from tests.plugins.scripted import DROP, HANG, ScriptedServer, refused


def channel(port: int) -> SmtpChannel:
    return SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://127.0.0.1:{port}?security=none&timeout=0.15&helo=test"})


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"GREETING": b"421 busy"}, "SMTP_421"),
        ({"GREETING": b"554 no"}, "SMTP_554"),
        ({"GREETING": DROP}, "CONNECTION_FAILED"),
        ({"GREETING": HANG}, "TIMEOUT"),
        ({"GREETING": b"\x00\xff what?"}, "UNEXPECTED_REPLY"),
        ({"EHLO": DROP}, "CONNECTION_FAILED"),
        ({"EHLO": HANG}, "TIMEOUT"),
        ({"EHLO": b"502 what"}, "SMTP_502"),
    ],
)
async def test_an_account_that_cannot_be_opened(script: dict[str, bytes], code: str) -> None:
    async with ScriptedServer(script).running() as server:
        error = await refused(channel(server.port))
        assert error.code == code
        assert f"127.0.0.1:{server.port}" in error.detail


async def test_nobody_listens() -> None:
    async with ScriptedServer({}).running() as server:
        port = server.port
    assert (await refused(channel(port))).code == "CONNECTION_FAILED"


async def test_an_account_is_paused_by_itself_and_named_when_missing() -> None:
    channel = SmtpChannel({})
    assert channel.account({}) == "smtp"
    assert channel.account({"account": "SALES"}) == "smtp:SALES"
    assert "TOUCHLINE_SMTP_URL_SALES" in (await refused(channel, account="SALES")).detail
    assert (await refused(channel)).code == "NOT_CONFIGURED"
    assert (await refused(channel, account="a b")).code == "NOT_CONFIGURED"
    missing = SmtpChannel({"TOUCHLINE_SMTP_URL": "smtp://127.0.0.1:1?cafile=/no/such.pem"})
    assert (await refused(missing)).code == "CAFILE_UNREADABLE"


@pytest.mark.parametrize(
    "url",
    [
        "http://rep:s3cret@host",
        "smtp://rep:s3/cret@host:587",
        "smtp://rep:s3#cret@host:587",
        "smtp://rep:s3?cret@host:587",
        "smtp://rep:s3cret@[host:587",
        "smtp://rep:s3cret@host:port",
        "smtp://rep:s3cret@",
        "smtp://rep:s3cret@host?timeout=soon",
        "smtp://rep:s3cret@host?timeout=nan",
        "smtp://rep:s3cret@host?timeout=0",
        "smtp://rep:s3cret@host?security=maybe",
        "smtps://rep:s3cret@host?security=none",
        "smtp://rep:s3cret@host?security=none",
        "smtp://rep:s3cret@host?s3cret=1",
        "smtp://rep:s3cret@host?helo=a%20b",
        "smtp://rep:s3\u2100cret@host",
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_without_being_quoted(url: str) -> None:
    error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": url}))
    assert error.code == "NOT_CONFIGURED"
    shown = "".join(traceback.format_exception(error))
    assert "s3" not in shown
    assert "cret" not in shown


def test_urls() -> None:
    settings = parse("smtps://rep:p%40ss@mail.example.com?timeout=5&cafile=/etc/ca.pem")
    assert (settings.host, settings.port, settings.security) == ("mail.example.com", 465, "tls")
    assert (settings.username, settings.password, settings.timeout) == ("rep", "p@ss", 5.0)
    assert (settings.cafile, settings.final_timeout, settings.helo) == ("/etc/ca.pem", 600.0, None)
    assert (parse("smtp://host").port, parse("smtp://host").security) == (587, "starttls")
    assert parse("smtp://localhost?security=none").port == 25
    assert parse("smtp://a:b@localhost?security=none").username == "a"
