"""Add the attachments of an email to its message, chunk by chunk."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence

from api.mail.message.attachments import AttachedFile, end_of_mixed, part_head, start_of_mixed
from api.mail.message.size import MAX_BYTES_WITH_ATTACHMENTS, too_large_problem
from api.store.emails.attachments import Attachment, chunks


class MissingFileError(Exception):
    """The stored file of an attachment is not complete."""


async def with_attachments(message: bytes, files: Sequence[Attachment], boundary: str) -> bytes:
    """Return a built message with files attached. Raises EmailTooLargeProblem and MissingFileError.

    Besides the result, one chunk of a file is in memory at a time.
    """
    parts = [part async for part in attached_parts(message, files, boundary)]
    return await asyncio.to_thread(b"".join, parts)


async def attached_parts(message: bytes, files: Sequence[Attachment], boundary: str) -> AsyncIterator[bytes]:
    """Yield the parts of a built message with files attached. Threads encode the chunks of files.

    Raises EmailTooLargeProblem and MissingFileError.
    """
    yield start_of_mixed(message, boundary)
    size = 0
    for file in files:
        yield part_head(AttachedFile(file.name, file.type), boundary)
        found = 0
        async for chunk in chunks(file.file_id):
            found += len(chunk)
            encoded = await asyncio.to_thread(_encoded, chunk)
            size += len(encoded)
            if size + len(message) > MAX_BYTES_WITH_ATTACHMENTS:
                raise too_large_problem(MAX_BYTES_WITH_ATTACHMENTS)
            yield encoded
        if found != file.size:
            raise MissingFileError(f"the file {file.file_id} has {found} bytes, not {file.size}")
    yield end_of_mixed(boundary)


def _encoded(chunk: bytes) -> bytes:
    return base64.encodebytes(chunk).replace(b"\n", b"\r\n")
