"""The program of a channel's process. It loads one package and carries out the server's calls of its channel.

It ends with the server: Linux kills it, and on every system its socket is closed.
"""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from api.channel_processes.child_session import MEMORY_EXIT_CODE, ChildSession, traceback_of
from api.channel_processes.frames import FrameProtocol, Message
from api.channel_processes.wire_values import emails_from_wire
from api.worker_processes.child import limit_address_space, set_up_process
from plugins.contract import Channel
from plugins.loading.declaration_checks import UnusableError
from plugins.loading.manager import load_channel
from plugins.loading.receipt_checks import plain_text

MAX_ACCOUNTS = 1_000


def main(descriptor: int, parent_pid: int, settings: Message) -> None:
    """Serve one channel until the server closes the socket. ``settings`` say which channel, and its limits."""
    set_up_process(parent_pid)
    logging.basicConfig(level=settings["log_level"], format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    limit_address_space(settings["memory_bytes"])
    asyncio.run(_serve(socket.socket(fileno=descriptor), settings))


async def _serve(connection: socket.socket, settings: Message) -> None:
    done = asyncio.Event()
    server: _Server | None = None
    waiting: list[tuple[Message, bytes]] = []

    def received(message: Message, payload: bytes) -> None:
        if server is None:
            waiting.append((message, payload))
        else:
            server.received(message, payload)

    loop = asyncio.get_running_loop()
    _, protocol = await loop.connect_accepted_socket(lambda: FrameProtocol(received, lambda: os._exit(0)), connection)
    try:
        channel = load_channel(settings["distribution"], settings["module"], settings["key"], dict(os.environ))
    except UnusableError as error:
        protocol.send({"id": 0, "fault": str(error), "error": "UnusableError"})
        await done.wait()
        return
    server = _Server(channel, protocol.send)
    protocol.send({"id": 0, "value": None})
    for message, payload in waiting:
        server.received(message, payload)
    await done.wait()


class _Server:
    """Carries out the messages of the server.

    - ``_sessions``: the open sessions by the server's number. ``connect`` adds them, and their end removes them.
    - ``_tasks``: the tasks that answer calls, so that they are not garbage-collected.
    """

    def __init__(self, channel: Channel, send: Callable[[Message], None]) -> None:
        self._channel = channel
        self._send = send
        self._sessions: dict[int, ChildSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def received(self, message: Message, payload: bytes) -> None:
        """Carry out one message."""
        number = message.get("session", 0)
        match message["do"]:
            case "connect":
                session = ChildSession(self._channel, message["config"], self._send, message["id"])
                self._sessions[number] = session
                self._run(session.run(), lambda: self._sessions.pop(number, None))
            case "deliver" if number in self._sessions:
                emails = emails_from_wire(message["emails"], payload)
                self._sessions[number].deliver(message["id"], emails, many=message["many"])
            case "begun" if number in self._sessions:
                self._sessions[number].begun(message["granted"])
            case "close" if number in self._sessions:
                self._sessions[number].close(message["id"], cancel=message["cancel"])
            case "close":
                self._send({"id": message["id"], "value": None})
            case "deliver":
                self._send({"id": message["id"], "fault": "The session has ended.", "error": "RuntimeError"})
            case "ask":
                self._run(self._answer(message), lambda: None)

    def _run(self, work: Any, then: Callable[[], object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(_: object) -> None:
            self._tasks.discard(task)
            then()

        task.add_done_callback(ended)

    async def _answer(self, message: Message) -> None:
        try:
            value = await self._ask(message["what"], message["config"])
        except MemoryError:
            os._exit(MEMORY_EXIT_CODE)
        except BaseException as error:
            self._send({"id": message["id"], **traceback_of(error)})
        else:
            self._send({"id": message["id"], "value": value})

    async def _ask(self, what: str, config: Message) -> Any:
        """Call a method of the channel, and return a plain value."""
        if what == "trouble":
            sentence = await self._channel.trouble()
            return None if sentence is None else plain_text(sentence)
        if what == "accounts":
            names = self._channel.accounts()
            return None if names is None else [plain_text(name) for name in list(names)[:MAX_ACCOUNTS]]
        account = self._channel.account(config)
        if not isinstance(account, str) or not account:
            raise TypeError(f"account() returned a {type(account).__name__} instead of a text")
        return {"account": plain_text(account), "sessions": max(1, int(self._channel.sessions(config)))}
