"""Upload and read files that can be attached to emails."""

import hashlib
import re
import unicodedata
from collections.abc import AsyncIterator

from tortoise.exceptions import IntegrityError

from api.codes.refusals.emails import EmailCode
from api.ids import new_id
from api.mail.message.attachments import media_type
from api.services.common.request_context import WorkspaceContext
from api.services.one_off_emails.attached import MAX_ATTACHED_BYTES
from api.store.emails import attachments
from api.store.emails.attachments import CHUNK_BYTES, Attachment, NoFileError
from api.store.engine.rows import is_possible_id, not_found
from strategies import Refusal

MAX_NAME_CHARACTERS = 200
MAX_TRIES = 3
"""How often an upload is finished again if another upload or the cleanup has just changed the same content."""
_SEPARATORS = re.compile(r"[/\\]")
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of characters that a file name must not have, such as those that change the reading direction."""


def clean_name(name: str) -> str:
    """Return a file name without its path and without invisible characters. Raises Refusal if nothing remains."""
    shown = unicodedata.normalize("NFC", _SEPARATORS.split(name)[-1])
    shown = "".join(each for each in shown if unicodedata.category(each) not in _INVISIBLE).strip(" .")
    if not shown:
        raise Refusal.of(EmailCode.ATTACHMENT_INVALID, ("name",), case="name")
    if len(shown) <= MAX_NAME_CHARACTERS:
        return shown
    stem, dot, ending = shown.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 20 else ""
    return shown[: MAX_NAME_CHARACTERS - len(ending)] + ending


def too_large(size: int) -> Refusal:
    """Return the refusal of a file that has too many bytes."""
    limit = MAX_ATTACHED_BYTES // 1_000_000
    return Refusal.of(EmailCode.ATTACHMENTS_TOO_LARGE, case="file", limit=limit, size=f"{size:,}")


async def store_upload(context: WorkspaceContext, name: str, type_: str, body: AsyncIterator[bytes]) -> Attachment:
    """Store a file as an attachment. Raises Refusal; then nothing is stored.

    The file is written chunk by chunk, so that at most one chunk and one part of the body are in memory.
    """
    name, now = clean_name(name), context.clock()
    file_id = await attachments.begin_file(context.workspace_id, now)
    try:
        size, sha256 = await _write(file_id, body)
        if not size:
            raise Refusal.of(EmailCode.ATTACHMENT_INVALID, case="empty")
        found = Attachment(new_id("att"), context.workspace_id, file_id, name, media_type(type_), size, now)
        return await _finish(found, sha256)
    except BaseException:
        await attachments.discard_file(file_id)
        raise


async def _write(file_id: str, body: AsyncIterator[bytes]) -> tuple[int, str]:
    """Store the chunks of a file. Returns its size and its SHA-256."""
    digest, buffer, size, number = hashlib.sha256(), bytearray(), 0, 0
    async for part in body:
        size += len(part)
        if size > MAX_ATTACHED_BYTES:
            raise too_large(size)
        digest.update(part)
        buffer += part
        while len(buffer) >= CHUNK_BYTES:
            number += 1
            await attachments.add_chunk(file_id, number, bytes(buffer[:CHUNK_BYTES]))
            del buffer[:CHUNK_BYTES]
    if buffer:
        await attachments.add_chunk(file_id, number + 1, bytes(buffer))
    return size, digest.hexdigest()


async def _finish(attachment: Attachment, sha256: str) -> Attachment:
    for _ in range(MAX_TRIES - 1):
        try:
            return await attachments.finish_file(attachment, sha256)
        except (IntegrityError, NoFileError):
            continue
    return await attachments.finish_file(attachment, sha256)


async def find_attachment(context: WorkspaceContext, attachment_id: str) -> Attachment:
    """Return an attachment of the workspace. Raises Refusal."""
    ids = [attachment_id] if is_possible_id(attachment_id) else []
    found = (await attachments.find(context.workspace_id, ids)).get(attachment_id)
    if found is None:
        raise not_found("attachment", attachment_id, ("id",))
    return found


def content(attachment: Attachment) -> AsyncIterator[bytes]:
    """Yield the bytes of an attachment, chunk by chunk."""
    return attachments.chunks(attachment.file_id)
