"""The channel "outbox": writes each email as an ``.eml`` file into the folder ``TOUCHLINE_OUTBOX``."""

import asyncio
import errno
import hashlib
import logging
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from plugins import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session, hookimpl
from plugins.channels.outbox_folder import OutboxFolder, UnconfirmedError
from plugins.codes import ChannelCode
from plugins.private_files import make_private, try_writing
from strategies.codes import Message

log = logging.getLogger("touchline.outbox")

DEFAULT_FOLDER = "touchline-data/outbox"
SESSIONS = 64
"""Emails that are delivered at the same time. The more there are, the more of them share a sync."""
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


def log_problem(error: OSError) -> None:
    """Log a disk error with the path, for the operator."""
    log.warning("cannot use the outbox folder: %s", " ".join(str(error).split()))


def explain(error: OSError) -> Message:
    """Return the message for a disk error. Its sentence has no path, because tenants read it. The log has the path."""
    log_problem(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ChannelCode.DISK_FULL.message()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ChannelCode.NOT_WRITABLE.message()
    return ChannelCode.DISK_ERROR.message(fault=error.strerror or type(error).__name__)


class OutboxSession(Session):
    """One writer of an outbox folder."""

    def __init__(self, folder: OutboxFolder) -> None:
        self._folder = folder

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Write a temporary file, call ``about_to_transmit``, then rename it. Most failures happen before the call.

        Each copy gets a file of its own, whose name has its address, after that of the recipient.
        """
        receipt = await self._deliver_one(outgoing, outgoing.recipient, about_to_transmit)
        if receipt.outcome is not Outcome.SENT or not outgoing.copies:
            return receipt
        refused = []
        for address in outgoing.copies:
            copy = await self._deliver_one(outgoing, address, _allowed)
            if copy.outcome is not Outcome.SENT:
                refused.append((address, copy.detail))
        return replace(receipt, refused_copies=tuple(refused))

    async def _deliver_one(
        self, outgoing: Outgoing, address: str, about_to_transmit: Callable[[], Awaitable[bool]]
    ) -> Receipt:
        final = self._folder.path / file_name(outgoing.send_id, address)
        temporary = self._folder.path / f".{uuid.uuid4().hex}.tmp"
        published = False
        try:
            try:
                await self._folder.write(temporary, outgoing.message)
            except OSError as error:
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, *ChannelCode.WITHDRAWN.message())
            try:
                await self._folder.publish(temporary, final)
            except UnconfirmedError as error:
                published = True
                log_problem(error)
                return Receipt(Outcome.IN_DOUBT, *ChannelCode.NOT_SYNCED.message(file=final.name))
            except OSError as error:
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, *explain(error))
            published = True
            return Receipt(Outcome.SENT, *ChannelCode.WRITTEN.message(file=final.name))
        finally:
            if not published:
                await self._folder.remove(temporary)


async def _allowed() -> bool:
    """Allow a copy: its email is being transmitted already."""
    return True


class OutboxChannel(Channel):
    """Writes files to a folder instead of sending emails: for tests, or for another program that sends them."""

    key: ClassVar[str] = "outbox"
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Outbox folder (one file for each email)",
        "de": "Postausgangsordner (eine Datei je E-Mail)",
    }

    supports_copies = True

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.folder = Path(environment.get("TOUCHLINE_OUTBOX") or DEFAULT_FOLDER)
        self._files = OutboxFolder(self.folder)

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return how many files are written at the same time."""
        return SESSIONS

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Make the folder if it does not exist."""
        try:
            await asyncio.to_thread(make_private, self.folder)
        except OSError as error:
            raise AccountUnavailableError(*explain(error)) from error
        yield OutboxSession(self._files)

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
