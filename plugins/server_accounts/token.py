"""Read the access token of an account that uses XOAUTH2, from a file or from the output of a program.

Another program renews the token. It is read again for each login. No log and no error contains it.
"""

import asyncio
import contextlib
import os
import re
import shlex
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from plugins import AccountUnavailableError
from plugins.codes import ChannelCode
from plugins.server_accounts.server import ServerSettings

Settings = TypeVar("Settings", bound=ServerSettings)
Connection = TypeVar("Connection")

MAX_TOKEN_BYTES = 16_384
"""Longest token. Microsoft's tokens have about 2,000 bytes."""
KILL_TIMEOUT_SECONDS = 5.0
"""Seconds to wait for the end of a killed program. A process that it started can keep its pipe open."""
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""RFC 6750. Spaces and control characters are not allowed, because they would end the field in the login."""


async def open_with_token(
    settings: Settings, open_connection: Callable[[Settings], Awaitable[Connection]]
) -> tuple[Connection, Settings]:
    """Return a connection that has logged in, and the settings with the token that it used.

    Raises AccountUnavailableError if this fails. If the server rejects a token, the token is read once more, because
    another program may have replaced it before the login.
    """
    if not settings.xoauth2:
        return await open_connection(settings), settings
    first = replace(settings, token=await read_token(settings))
    try:
        return await open_connection(first), first
    except AccountUnavailableError as error:
        if error.code != ChannelCode.LOGIN_REFUSED:
            raise
        again = replace(settings, token=await read_token(settings))
        if again.token == first.token:
            raise
    return await open_connection(again), again


async def read_token(settings: ServerSettings) -> str:
    """Return the token. Raises AccountUnavailableError with ``here=True``: other processes still use the account."""
    if settings.token_file is not None:
        name, found = "token_file", await asyncio.to_thread(_from_file, settings.token_file)
    else:
        name, found = "token_command", await _from_command(settings.token_command, settings.timeout)
    if isinstance(found, str):
        raise AccountUnavailableError(*ChannelCode.TOKEN_UNAVAILABLE.message(source=name, fault=found), here=True)
    token = found.strip().decode("ascii", errors="replace")
    if len(found) > MAX_TOKEN_BYTES or not TOKEN.fullmatch(token):
        fault = "it is empty." if not token else "the text is not an access token, which is one word of ASCII."
        raise AccountUnavailableError(*ChannelCode.TOKEN_UNAVAILABLE.message(source=name, fault=fault), here=True)
    return token


def _from_file(path: str) -> bytes | str:
    """Return the file's content, or a sentence that says why it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_TOKEN_BYTES + 1)
    except (OSError, ValueError) as error:
        return f"the file cannot be read ({getattr(error, 'strerror', None) or 'its name is not valid'})."


async def _from_command(command: str | None, seconds: float) -> bytes | str:
    """Return the program's output, or a sentence that says why it failed. Uses no shell, and drops the error output."""
    program: asyncio.subprocess.Process | None = None
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        async with asyncio.timeout(seconds):
            program = await asyncio.create_subprocess_exec(
                *shlex.split(command or ""), stdin=nothing, stdout=pipe, stderr=nothing, start_new_session=True
            )
            assert program.stdout is not None  # noqa: S101 - it was asked for
            printed = b""
            while len(printed) <= MAX_TOKEN_BYTES and (more := await program.stdout.read(MAX_TOKEN_BYTES)):
                printed += more
            if len(printed) > MAX_TOKEN_BYTES:
                return "the program prints more than a token."
            status = await program.wait()
    except TimeoutError:
        return f"the program did not end within {seconds:g} s."
    except (OSError, ValueError) as error:
        return f"the program cannot be started ({getattr(error, 'strerror', None) or 'its name is not valid'})."
    finally:
        if program is not None and program.returncode is None:
            await asyncio.shield(_kill(program))
    return printed if status == 0 else f"the program failed with the exit status {status}. Run it by hand to see why."


async def _kill(program: asyncio.subprocess.Process) -> None:
    """Kill a program and the processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KILL_TIMEOUT_SECONDS):
            # asyncio reports the end of a program only after all its output is read.
            while program.stdout is not None and await program.stdout.read(MAX_TOKEN_BYTES):
                pass
            await program.wait()
