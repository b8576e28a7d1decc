"""How an SMTP account is written in the environment, and what is said when it cannot be opened."""

import traceback
from typing import Any

import pytest

from plugins import Outcome
from plugins.channels.smtp.channel import SmtpChannel
from plugins.channels.smtp.url import parse
from tests.plugins.channels.test_smtp import channel
from tests.plugins.scripted import DROP, HANG, ScriptedServer, refused


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
        ({"EHLO": b"502 what", "HELO": b"502 what"}, "SMTP_502"),
        ({"EHLO": b"550 no", "HELO": DROP}, "CONNECTION_FAILED"),
        ({"EHLO": b"554 no"}, "SMTP_554"),
    ],
)
async def test_an_account_that_cannot_be_opened(script: dict[str, bytes], code: str) -> None:
    async with ScriptedServer(script).running() as server:
        error = await refused(channel(server))
        assert error.code == code
        assert f"127.0.0.1:{server.port}" in error.detail


@pytest.mark.parametrize("code", [500, 501, 502, 504, 550])
async def test_a_server_that_knows_helo_alone(code: int, outgoing: Any, permission: Any) -> None:
    ehlo = f"{code}-what\r\n{code} is that".encode()
    async with ScriptedServer({"EHLO": ehlo}).running() as server, channel(server).connect({}) as session:
        assert (await session.deliver(outgoing(), permission)).outcome is Outcome.SENT
        assert server.verbs[:3] == ["EHLO", "HELO", "RSET"]


async def test_helo_alone_offers_neither_tls_nor_a_login() -> None:
    async with ScriptedServer({"EHLO": b"502 what"}).running() as server:
        host = f"rep:s3cret@127.0.0.1:{server.port}"
        tls = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://{host}?helo=test"}))
        plain = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://{host}?security=none&helo=test"}))
        assert "AUTH" not in server.verbs
    assert (tls.code, plain.code) == ("STARTTLS_MISSING", "AUTH_UNSUPPORTED")
    assert "offers no login" in plain.detail


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (b"535 5.7.8 bad credentials", "LOGIN_REFUSED", "check user and password"),
        (b"534-5.7.9 Application-specific password required.\r\n534 5.7.9 See x", "LOGIN_REFUSED", "auth=xoauth2"),
        (b"538 5.7.11 encryption required", "LOGIN_REFUSED", "security=starttls"),
        (b"530 5.7.0 Must issue STARTTLS first", "LOGIN_REFUSED", "check user, password and security"),
        (b"454 4.7.0 temporary authentication failure", "LOGIN_DEFERRED", "at the moment"),
        (b"451 4.3.0 try later", "LOGIN_DEFERRED", "at the moment"),
        (b"504 5.7.4 unrecognized authentication type", "AUTH_UNSUPPORTED", "504"),
        (b"421 4.7.0 too many logins", "SMTP_421", "too many"),
    ],
)
async def test_a_login_that_fails_is_told_as_one(answer: bytes, code: str, told: str) -> None:
    async with ScriptedServer({"EHLO": b"250-x\r\n250 AUTH PLAIN", "AUTH": answer}).running() as server:
        url = f"smtp://rep:s3cret@127.0.0.1:{server.port}?security=none&timeout=30&helo=test"
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": url}))
    assert error.code == code, error.detail
    assert told in error.detail
    assert not error.here


@pytest.mark.parametrize(
    ("offer", "script", "tried", "code"),
    [
        ("PLAIN LOGIN", {"AUTH": b"535 5.7.8 bad"}, ["PLAIN"], "LOGIN_REFUSED"),
        ("LOGIN", {"AUTH": b"535 5.7.8 bad"}, ["LOGIN"], "LOGIN_REFUSED"),
        ("CRAM-MD5 PLAIN LOGIN", {"AUTH": b"535 5.7.8 bad"}, ["CRAM-MD5", "PLAIN"], "LOGIN_REFUSED"),
        ("PLAIN LOGIN", {"AUTH": b"454 4.7.0 later"}, ["PLAIN"], "LOGIN_DEFERRED"),
        ("CRAM-MD5 PLAIN", {"AUTH": b"454 4.7.0 later"}, ["CRAM-MD5"], "LOGIN_DEFERRED"),
        ("PLAIN LOGIN", {"AUTH": b"504 5.7.4 unknown"}, ["PLAIN", "LOGIN"], "AUTH_UNSUPPORTED"),
    ],
)
async def test_a_rejected_password_is_not_tried_again(
    offer: str, script: dict[str, bytes], tried: list[str], code: str
) -> None:
    """Mail servers lock an account after some rejected passwords."""
    async with ScriptedServer({"EHLO": f"250-x\r\n250 AUTH {offer}".encode()} | script).running() as server:
        url = f"smtp://rep:s3cret@127.0.0.1:{server.port}?security=none&timeout=30&helo=test"
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": url}))
        assert [line.split()[1].decode() for line in server.lines if line.startswith(b"AUTH ")] == tried
    assert error.code == code, error.detail


async def test_a_method_that_the_server_only_offers_is_passed_over() -> None:
    script = {"EHLO": b"250-x\r\n250 AUTH CRAM-MD5 PLAIN", "AUTH": b"235 ok", "AUTH CRAM-MD5": b"535 5.7.8 no"}
    async with ScriptedServer(script).running() as server:
        url = f"smtp://rep:s3cret@127.0.0.1:{server.port}?security=none&timeout=30&helo=test"
        async with SmtpChannel({"TOUCHLINE_SMTP_URL": url}).connect({}):
            assert server.verbs.count("AUTH") == 2


@pytest.mark.parametrize("offer", [b"AUTH XOAUTH2 OAUTHBEARER", b"AUTH=XOAUTH2", b"AUTH GSSAPI NTLM", b"AUTH", b"X"])
async def test_a_server_with_none_of_our_ways_to_log_in(offer: bytes) -> None:
    async with ScriptedServer({"EHLO": b"250-x\r\n250 " + offer}).running() as server:
        url = f"smtp://rep:s3cret@127.0.0.1:{server.port}?security=none&helo=test"
        error = await refused(SmtpChannel({"TOUCHLINE_SMTP_URL": url}))
        assert "AUTH" not in server.verbs
    assert error.code == "AUTH_UNSUPPORTED"
    assert ("auth=xoauth2" in error.detail) == (b"XOAUTH2" in offer)


async def test_nobody_listens() -> None:
    async with ScriptedServer({}).running() as server:
        nobody = channel(server)
    assert (await refused(nobody)).code == "CONNECTION_FAILED"


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
        "smtp://rep:s3cret@host?auth=xoauth2&token_file=/t",
        "smtp://rep@host?auth=xoauth2",
        "smtp://host?auth=xoauth2&token_file=/t",
        "smtp://rep@host?auth=xoauth2&token_file=/t&token_command=s3cret",
        "smtp://rep@host?auth=xoauth2&token_command=x%20%22s3cret",
        "smtp://rep:s3cret@host?token_file=/t",
        "smtp://rep:s3cret@host?auth=s3cret",
        "smtp://rep@host?auth=xoauth2&token_file=/t&security=none",
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
