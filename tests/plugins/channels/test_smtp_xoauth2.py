"""Logging in with an access token, against a real server that takes nothing else."""

import asyncio
import base64
import json
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from plugins import Outcome, Outgoing
from plugins.channels.smtp.channel import SmtpChannel
from plugins.server_accounts.token import MAX_TOKEN_BYTES
from tests.plugins.scripted import ScriptedServer, refused

USER, TOKEN = "rep@example.org", "ya29.a0AfH6SMB-token_1234567890~+/=="
Make = Callable[..., Outgoing]


class Office:
    """Takes the token that is good, as Gmail and Microsoft do, and remembers each login."""

    def __init__(self, good: str = TOKEN) -> None:
        self.good = good
        self.logins: list[bytes] = []
        self.after: Callable[[], None] = lambda: None
        self.received = 0

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        self.logins.append(base64.b64decode(args[1]))
        if self.logins[-1] == f"user={USER}\x01auth=Bearer {self.good}\x01\x01".encode():
            return AuthResult(success=True, auth_data=USER)
        self.after()
        told = json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"})
        assert await server.challenge_auth(base64.b64encode(told.encode()).decode(), encode_to_b64=False) == b""
        await server.push("535 5.7.8 Username and Password not accepted")
        return AuthResult(success=False, handled=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        assert session.authenticated
        self.received += 1
        return "250 queued"


class Serving:
    def __init__(self, office: Office) -> None:
        self.office = office

    async def __aenter__(self) -> int:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(
                self.office,
                hostname="test",
                loop=loop,
                auth_require_tls=False,
                auth_required=True,
                auth_exclude_mechanism=["LOGIN", "PLAIN"],
            )

        self.server = await loop.create_server(protocol, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()


def channel(port: int, **options: str) -> SmtpChannel:
    given = urlencode(
        {"security": "none", "helo": "test", "timeout": "60", "auth": "xoauth2", **options}, quote_via=quote
    )
    return SmtpChannel({"TOUCHLINE_SMTP_URL": f"smtp://{quote(USER, safe='')}@127.0.0.1:{port}?{given}"})


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def program(tmp_path: Path, code: str) -> str:
    """Write a program and return the command that runs it, with an argument that no shell may split."""
    path = tmp_path / "print token.py"
    path.write_text(code)
    return f"{sys.executable} '{path}' 'two words; $HOME'"


async def test_a_token_from_a_file(token_file: Path, outgoing: Make, permission: Any) -> None:
    office = Office()
    async with Serving(office) as port, channel(port, token_file=str(token_file)).connect({}) as session:
        assert (await session.deliver(outgoing(), permission)).outcome is Outcome.SENT
    assert office.received == 1


async def test_a_token_from_a_program(tmp_path: Path) -> None:
    command = program(tmp_path, f"import sys; assert sys.argv[1] == 'two words; $HOME'; print({TOKEN!r})")
    async with Serving(Office()) as port, channel(port, token_command=command).connect({}):
        pass


async def test_the_token_is_read_for_each_login(token_file: Path) -> None:
    office = Office()
    async with Serving(office) as port:
        smtp = channel(port, token_file=str(token_file))
        async with smtp.connect({}):
            pass
        office.good = "another"
        write(token_file, "another")
        async with smtp.connect({}):
            pass
    assert len(office.logins) == 2


async def test_a_refused_token_is_read_once_more(token_file: Path) -> None:
    office = Office("fresh")
    office.after = lambda: write(token_file, "fresh")
    async with Serving(office) as port, channel(port, token_file=str(token_file)).connect({}):
        pass
    assert [b"fresh" in login for login in office.logins] == [False, True]


async def test_a_refused_token_is_told_and_never_shown(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    office = Office("other")
    async with Serving(office) as port:
        error = await refused(channel(port, token_file=str(token_file)))
    assert len(office.logins) == 1, "the same token is not tried twice"
    assert (error.code, error.here) == ("LOGIN_REFUSED", False)
    assert "535 5.7.8" in error.detail
    assert "status 400" in error.detail
    assert "token is valid" in error.detail
    shown = "".join([*traceback.format_exception(error), repr(error)])
    shown += "".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail."))
    for secret in (TOKEN, base64.b64encode(TOKEN.encode()).decode(), base64.b64encode(office.logins[0]).decode()):
        assert secret not in shown


async def test_a_server_that_echoes_the_token_does_not_spread_it(token_file: Path) -> None:
    login = base64.b64encode(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
    script = {"EHLO": b"250-x\r\n250 AUTH XOAUTH2", "AUTH": f"535 no: AUTH XOAUTH2 {login} {TOKEN}".encode()}
    async with ScriptedServer(script).running() as server:
        error = await refused(channel(server.port, token_file=str(token_file)))
    assert "535 no: AUTH XOAUTH2 *** ***" in error.detail


async def test_a_server_without_xoauth2(token_file: Path) -> None:
    async with ScriptedServer({"EHLO": b"250-x\r\n250 AUTH PLAIN LOGIN"}).running() as server:
        error = await refused(channel(server.port, token_file=str(token_file)))
        assert "AUTH" not in server.verbs
    assert error.code == "AUTH_UNSUPPORTED"
    assert "give a password" in error.detail


@pytest.mark.parametrize(
    "content", ["", " \n", "two words", "a\x01auth=b", "tökén", "x" * (MAX_TOKEN_BYTES + 1), '{"access_token": "x"}']
)
async def test_a_file_without_a_token(content: str, token_file: Path) -> None:
    write(token_file, content)
    async with ScriptedServer({}).running() as server:
        error = await refused(channel(server.port, token_file=str(token_file)))
        assert server.connections == 0
    assert (error.code, error.here) == ("TOKEN_UNAVAILABLE", True)
    assert error.detail.startswith("No access token from token_file: ")


@pytest.mark.parametrize("path", ["/no/such/file", "/", "a\x00b"])
async def test_a_file_that_cannot_be_read(path: str) -> None:
    error = await refused(channel(1, token_file=path))
    assert (error.code, error.here) == ("TOKEN_UNAVAILABLE", True)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; print('s3cret', file=sys.stderr); sys.exit(3)", "the exit status 3"),
        ("pass", "it is empty"),
        ("print('x' * 1_000_000)", "more than a token"),
        ("while True: print('x' * 1_000_000)", "more than a token"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], stdin=None); "
         "__import__('time').sleep(60)", "did not end within 0.5 s"),
    ],
)  # fmt: skip
async def test_a_program_that_fails(code: str, told: str, tmp_path: Path) -> None:
    seconds = "0.5" if "sleep" in code else "60"
    error = await refused(channel(1, token_command=program(tmp_path, code), timeout=seconds))
    assert (error.code, error.here) == ("TOKEN_UNAVAILABLE", True)
    assert told in error.detail, error.detail
    assert "s3cret" not in error.detail
    assert str(tmp_path) not in error.detail


@pytest.mark.parametrize("command", ["/no/such/program --user x", "'a\x00b'", "''"])
async def test_a_program_that_cannot_be_started(command: str) -> None:
    error = await refused(channel(1, token_command=command))
    assert (error.code, error.here) == ("TOKEN_UNAVAILABLE", True)
    assert "cannot be started" in error.detail
