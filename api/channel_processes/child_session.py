"""A session of a channel, in the channel's process. One task opens it, delivers its emails and closes it."""

import asyncio
import os
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from api.channel_processes.frames import Message
from api.channel_processes.wire_values import receipt_to_wire
from plugins.contract import AccountUnavailableError, Channel, Outgoing, Receipt, Session
from plugins.loading.receipt_checks import described, plain_receipt, plain_retry_after, plain_text

MAX_TRACEBACK_CHARACTERS = 20_000
MAX_NAME_CHARACTERS = 100
"""Characters of an exception's name, which is shown to users."""
MEMORY_EXIT_CODE = 86
"""The exit code of a process whose channel used up the memory."""
Job = tuple[int, Sequence[Outgoing], bool]
"""The number of a call, its emails, and whether ``deliver_many`` takes them."""


class ChildSession:
    """Runs one session. The server's messages call ``deliver``, ``begun`` and ``close``.

    - ``_jobs``: the emails to deliver; None ends the session.
    - ``_permission``: the emails that the server allows to transmit, once it has answered.
    - ``_closing``: whether the server ends the session. Then a cancellation ends its task.
    """

    def __init__(self, channel: Channel, config: Message, send: Callable[[Message], None], opening: int) -> None:
        self._channel = channel
        self._config = config
        self._send = send
        self._call = opening
        self._jobs: asyncio.Queue[Job | None] = asyncio.Queue()
        self._permission: asyncio.Future[frozenset[str]] | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def deliver(self, call: int, emails: Sequence[Outgoing], *, many: bool) -> None:
        """Deliver emails after those before them."""
        self._jobs.put_nowait((call, emails, many))

    def begun(self, granted: Sequence[str]) -> None:
        """Take the server's answer to ``about_to_transmit``."""
        if self._permission is not None and not self._permission.done():
            self._permission.set_result(frozenset(granted))

    def close(self, call: int, *, cancel: bool) -> None:
        """End the session, at once with ``cancel``."""
        self._closing, self._closing_call = True, call
        self._jobs.put_nowait(None)
        if cancel and self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Open the session, deliver until the server ends it, and close it. Answers each call of the server once."""
        self._task = asyncio.current_task()
        fault: Message | None = None
        try:
            async with self._channel.connect(self._config) as session:
                self._send({"id": self._call, "value": None})
                self._call = 0
                while (job := await self._jobs.get()) is not None:
                    self._call = job[0]
                    answer = await self._carry_out(session, job)
                    self._call = 0
                    self._send({"id": job[0], **answer})
        except MemoryError:
            os._exit(MEMORY_EXIT_CODE)
        except AccountUnavailableError as error:
            fault = unavailable_to_wire(error)
        except BaseException as error:
            fault = traceback_of(error)
        if self._call and fault is not None:
            self._send({"id": self._call, **fault})
        if self._closing:
            self._send({"id": self._closing_call, **(fault or {"value": None})})

    async def _carry_out(self, session: Session, job: Job) -> Message:
        call, emails, many = job
        try:
            if many:
                answers: Any = await session.deliver_many(emails, lambda: self._may_transmit(call, emails))
            else:
                answers = [await session.deliver(emails[0], lambda: self._may_transmit_one(call, emails))]
        except MemoryError:
            os._exit(MEMORY_EXIT_CODE)
        except AccountUnavailableError as error:
            return unavailable_to_wire(error)
        except BaseException as error:
            if self._closing:
                raise
            _undo_cancellations()
            return traceback_of(error)
        try:
            return _receipts(answers, len(emails))
        except BaseException as error:  # an answer of the package's own class runs the package's code
            return traceback_of(error)

    async def _may_transmit_one(self, call: int, emails: Sequence[Outgoing]) -> bool:
        return bool(await self._may_transmit(call, emails))

    async def _may_transmit(self, call: int, emails: Sequence[Outgoing]) -> frozenset[str]:
        if call != self._call:
            return frozenset()  # a task of an earlier call asks too late
        self._permission = asyncio.get_running_loop().create_future()
        self._send({"id": call, "begin": True})
        return await self._permission


def _receipts(answers: object, number: int) -> Message:
    """Return the answers as objects, or the fault of answers that the contract does not allow."""
    if not isinstance(answers, (list, tuple)) or len(answers) != number:
        return fault_of("TypeError", f"it returned {described(answers)} for {number} emails")
    receipts: list[Receipt | None] = [plain_receipt(answer) for answer in answers]
    for answer, receipt in zip(answers, receipts, strict=True):
        if receipt is None:
            return fault_of("TypeError", f"it returned {described(answer)}")
    return {"receipts": [receipt_to_wire(receipt) for receipt in receipts if receipt is not None]}


def unavailable_to_wire(error: AccountUnavailableError) -> Message:
    """Return the error of an account as an object."""
    retry_after = plain_retry_after(getattr(error, "retry_after", None))
    wait = {"retry_at": retry_after.isoformat()} if isinstance(retry_after, datetime) else {"retry_after": retry_after}
    return {
        "unavailable": {
            "code": plain_text(error.code),
            "detail": plain_text(error.detail),
            "here": bool(getattr(error, "here", False)),
            **({} if retry_after is None else wait),
        }
    }


def traceback_of(error: BaseException) -> Message:
    """Return a failure of the channel as an object. Making its text runs the package's code, which can fail as well."""
    try:
        text = "".join(traceback.format_exception(error))
    except BaseException:
        text = type(error).__name__
    return fault_of(type(error).__name__, text)


def fault_of(error: str, text: str) -> Message:
    """Return a failure of the channel as an object."""
    return {"error": error[:MAX_NAME_CHARACTERS], "fault": text[-MAX_TRACEBACK_CHARACTERS:]}


def _undo_cancellations() -> None:
    """Undo the cancellations of the session's task. The channel has cancelled it, and the session continues."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
