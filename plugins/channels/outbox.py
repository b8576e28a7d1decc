"""The channel "outbox": writes each email as an ``.eml`` file into the folder ``TOUCHLINE_OUTBOX``."""

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from plugins import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session, hookimpl
from plugins.codes import ChannelCode
from plugins.private_files import create_private, make_private, try_writing
from strategies.codes import Message

log = logging.getLogger("touchline.outbox")

DEFAULT_FOLDER = "touchline-data/outbox"
MAX_PART_CHARACTERS = 80
"""Longest part of a file name. Two parts and a digest fit into the 255 bytes of a file name."""


def file_name(send_id: str, recipient: str) -> str:
    """Return a file name that depends on the email and its recipient only, so that a repeat replaces the file."""
    safe_id = re.sub(r"[^A-Za-z0-9.-]", "_", send_id)[:MAX_PART_CHARACTERS]
    safe_recipient = re.sub(r"[^A-Za-z0-9@+=_.-]", "_", recipient)[:MAX_PART_CHARACTERS]
    stem = f"{safe_id}_{safe_recipient}"
    if stem.startswith("."):
        stem = "_" + stem[1:]  # users do not see hidden files
    if "_" in safe_id or stem != f"{send_id}_{recipient}":
        # The replaced characters could make two names equal. The digest keeps them different.
        stem += "-" + hashlib.sha256(f"{send_id}\0{recipient}".encode(errors="surrogatepass")).hexdigest()[:12]
    return stem + ".eml"


def explain(error: OSError) -> Message:
    """Return the message for a disk error. Its sentence has no path, because tenants read it. The log has the path."""
    log.warning("the outbox folder cannot be used: %s", " ".join(str(error).split()))
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ChannelCode.DISK_FULL.message()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ChannelCode.NOT_WRITABLE.message()
    return ChannelCode.DISK_ERROR.message(fault=error.strerror or type(error).__name__)


def write(path: Path, content: bytes) -> None:
    """Write a file that only this service's user can read, and wait until it is on the disk."""
    with open(create_private(path), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish(temporary: Path, final: Path) -> None:
    """Rename the finished file in one atomic step, so that readers of the folder never see a part of it."""
    os.replace(temporary, final)
    # The email is written now. It does not fail if the system cannot sync a folder (Windows).
    with contextlib.suppress(OSError):
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove(path: Path) -> None:
    """Remove a temporary file. Ignores errors, because a leftover file does no harm."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


class OutboxSession(Session):
    """One open outbox folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Write a temporary file, call ``about_to_transmit``, then rename it. Most failures happen before the call."""
        final = self._folder / file_name(outgoing.send_id, outgoing.recipient)
        temporary = self._folder / f".{uuid.uuid4().hex}.tmp"
        try:
            await asyncio.to_thread(write, temporary, outgoing.message)
        except OSError as error:
            await asyncio.to_thread(remove, temporary)
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
        try:
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, *ChannelCode.WITHDRAWN.message())
            try:
                await asyncio.to_thread(publish, temporary, final)
            except OSError as error:
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
            return Receipt(Outcome.SENT, *ChannelCode.WRITTEN.message(file=final.name))
        finally:
            await asyncio.to_thread(remove, temporary)


class OutboxChannel(Channel):
    """Writes files to a folder instead of sending emails: for tests, or for another program that sends them."""

    key: ClassVar[str] = "outbox"
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Outbox folder (one file for each email)",
        "de": "Postausgangsordner (eine Datei je E-Mail)",
    }

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.folder = Path(environment.get("TOUCHLINE_OUTBOX") or DEFAULT_FOLDER)

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return how many files are written at the same time."""
        return 8

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Make the folder if it does not exist."""
        try:
            await asyncio.to_thread(make_private, self.folder)
        except OSError as error:
            raise AccountUnavailableError(*explain(error)) from error
        yield OutboxSession(self.folder)

    async def trouble(self) -> str | None:
        """Write a file to the folder and remove it."""
        try:
            await asyncio.to_thread(make_private, self.folder)
            await asyncio.to_thread(try_writing, self.folder)
        except OSError as error:
            return explain(error).sentence
        return None


@hookimpl
def touchline_register_channels(environment: Mapping[str, str]) -> Sequence[Channel]:
    """Add the channel "outbox"."""
    return [OutboxChannel(environment)]
