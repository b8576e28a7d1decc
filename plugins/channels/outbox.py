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
from plugins.private_files import create_private, make_private, try_writing

log = logging.getLogger("touchline.outbox")

DEFAULT_FOLDER = "touchline-data/outbox"
MAX_PART_CHARACTERS = 80  # two parts, a digest and the temporary ending stay below the 255 bytes of a file name


def file_name(send_id: str, recipient: str) -> str:
    """Name the file by the send and its recipient alone: a repeat replaces the file and never adds one."""
    safe_id = re.sub(r"[^A-Za-z0-9.-]", "_", send_id)[:MAX_PART_CHARACTERS]
    safe_recipient = re.sub(r"[^A-Za-z0-9@+=_.-]", "_", recipient)[:MAX_PART_CHARACTERS]
    stem = f"{safe_id}_{safe_recipient}"
    if stem.startswith("."):
        stem = "_" + stem[1:]  # a hidden file would be missed
    if "_" in safe_id or stem != f"{send_id}_{recipient}":
        # What was made safe may look like another send's name: the digest keeps them apart.
        stem += "-" + hashlib.sha256(f"{send_id}\0{recipient}".encode(errors="surrogatepass")).hexdigest()[:12]
    return stem + ".eml"


def explain(error: OSError) -> tuple[str, str]:
    """Say in a code and a sentence what the disk refused. Tenants read it: it names no path, the log does."""
    log.warning("the outbox folder cannot be used: %s", " ".join(str(error).split()))
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "DISK_FULL", "No space is left for the outbox folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "NOT_WRITABLE", "The service is not allowed to write to the outbox folder."
    return "DISK_ERROR", f"The outbox folder cannot be written to: {error.strerror or type(error).__name__}."


def write(path: Path, content: bytes) -> None:
    """Write the bytes, for this service's user alone, and wait until the disk has them."""
    with open(create_private(path), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish(temporary: Path, final: Path) -> None:
    """Put the finished file in its place, in one step that a reader of the folder never sees half done."""
    os.replace(temporary, final)
    # The email is in place now. Where a folder cannot be synced (Windows), that is no failure of the email.
    with contextlib.suppress(OSError):
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove(path: Path) -> None:
    """Clear away what was not published; a leftover that cannot be removed harms nobody."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


class OutboxSession(Session):
    """One open outbox folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Write aside, ask, then rename: all that is likely to fail happens before the email leaves."""
        final = self._folder / file_name(outgoing.send_id, outgoing.recipient)
        temporary = self._folder / f".{uuid.uuid4().hex}.tmp"
        try:
            await asyncio.to_thread(write, temporary, outgoing.message)
        except OSError as error:
            await asyncio.to_thread(remove, temporary)
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
        try:
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn before it was written.")
            try:
                await asyncio.to_thread(publish, temporary, final)
            except OSError as error:
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
            return Receipt(Outcome.SENT, "WRITTEN", f"Written to {final.name}.")
        finally:
            await asyncio.to_thread(remove, temporary)


class OutboxChannel(Channel):
    """A folder of files instead of a server: to read, to test, or for another program to send."""

    key: ClassVar[str] = "outbox"
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Outbox folder (one file for each email)",
        "de": "Postausgangsordner (eine Datei je E-Mail)",
    }

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.folder = Path(environment.get("TOUCHLINE_OUTBOX") or DEFAULT_FOLDER)

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Write a few files side by side."""
        return 8

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Make the folder where it is missing."""
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
            return explain(error)[1]
        return None


@hookimpl
def touchline_register_channels(environment: Mapping[str, str]) -> Sequence[Channel]:
    """Add the channel "outbox"."""
    return [OutboxChannel(environment)]
