"""Attachments: uploaded files, and the emails that have them.

The content of a file is stored once in a workspace, by its SHA-256, in chunks. It is in the database, so that every
process of every machine can read it, and a backup has it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.ids import new_id
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list, instant, of_workspace
from api.store.engine.transactions import transaction

CHUNK_BYTES = 57 * 4_600
"""Bytes of a chunk. Its base64 has whole lines of 76 characters (57 bytes), so chunks are encoded one by one."""
MAX_DELETED_FILES = 10
"""The most attachments, and the most files, that one call deletes, so that its locks are short."""


class Attachment(NamedTuple):
    """An uploaded file. ``created_at`` is UTC."""

    id: str
    workspace_id: str
    file_id: str
    name: str
    type: str
    size: int
    """Bytes."""
    created_at: datetime


class NoFileError(Exception):
    """The same content has just been deleted. Try again."""


COLUMNS = "attachment.id, attachment.workspace_id, file_id, name, type, size, attachment.created_at"


async def begin_file(workspace_id: str, now: datetime) -> str:
    """Return the id of a new file, whose chunks follow."""
    file_id = new_id("fil")
    await execute(
        "INSERT INTO stored_file (id, workspace_id, sha256, size, created_at) VALUES ($1, $2, NULL, 0, $3)",
        file_id,
        workspace_id,
        now,
    )
    return file_id


async def add_chunk(file_id: str, number: int, content: bytes) -> None:
    """Store a chunk of a file. All chunks but the last one have ``CHUNK_BYTES``."""
    await execute("INSERT INTO file_chunk (file_id, number, content) VALUES ($1, $2, $3)", file_id, number, content)


async def discard_file(file_id: str) -> None:
    """Delete a file whose upload was not finished."""
    await execute("DELETE FROM stored_file WHERE id = $1 AND sha256 IS NULL", file_id)


async def finish_file(attachment: Attachment, sha256: str) -> Attachment:
    """Store an attachment of a complete file. If the workspace has the same content, that is used in its place.

    Raises NoFileError and IntegrityError if that content was deleted or added at the same time.
    """
    async with transaction():
        finished = await execute(
            "UPDATE stored_file SET sha256 = $2, size = $3 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM stored_file"
            " AS other WHERE other.workspace_id = $4 AND other.sha256 = $2) RETURNING id",
            attachment.file_id,
            sha256,
            attachment.size,
            attachment.workspace_id,
        )
        if not finished:
            # The update keeps the file until the commit: the cleanup locks each file before it deletes it.
            same = await execute(
                "UPDATE stored_file SET created_at = $3 WHERE workspace_id = $1 AND sha256 = $2 RETURNING id",
                attachment.workspace_id,
                sha256,
                attachment.created_at,
            )
            if not same:
                raise NoFileError
            await discard_file(attachment.file_id)
            attachment = attachment._replace(file_id=same[0]["id"])
        await execute(
            "INSERT INTO attachment (id, workspace_id, file_id, name, type, size, created_at, used_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
            *attachment,
        )
    return attachment


async def find(workspace_id: str, ids: Sequence[str]) -> dict[str, Attachment]:
    """Return those of these attachments that the workspace has, by id."""
    rows = await execute(
        f"SELECT {COLUMNS} FROM attachment WHERE {of_workspace(1)} AND {in_list('id', 2)}", workspace_id, list(ids)
    )
    return {row["id"]: _read(row) for row in rows}


async def use(workspace_id: str, ids: Sequence[str], now: datetime) -> dict[str, Attachment]:
    """Do the same as ``find``, and protect them from the cleanup.

    Call in the transaction that gives them to an email.
    """
    await execute(
        f"UPDATE attachment SET used_at = $3 WHERE {of_workspace(1)} AND {in_list('id', 2)}",
        workspace_id,
        list(ids),
        now,
    )
    return await find(workspace_id, ids)


async def of_emails(send_ids: Sequence[str]) -> dict[str, list[Attachment]]:
    """Return the attachments of these emails, by the email's id, in their order."""
    rows = await execute(
        f"SELECT send_id, {COLUMNS} FROM email_attachment JOIN attachment ON attachment.id = attachment_id"
        f" WHERE {in_list('send_id', 1)} ORDER BY send_id, number",
        list(send_ids),
    )
    found: dict[str, list[Attachment]] = {}
    for row in rows:
        found.setdefault(row["send_id"], []).append(_read(row))
    return found


async def set_attachments(send_id: str, ids: Sequence[str], now: datetime) -> None:
    """Give an email these attachments in place of its own. Those that it had are kept for another day."""
    former = await execute("DELETE FROM email_attachment WHERE send_id = $1 RETURNING attachment_id", send_id)
    if former:
        await execute(
            f"UPDATE attachment SET used_at = $2 WHERE {in_list('id', 1)}",
            [row["attachment_id"] for row in former],
            now,
        )
    for number, attachment_id in enumerate(ids, 1):
        await execute(
            "INSERT INTO email_attachment (send_id, number, attachment_id) VALUES ($1, $2, $3)",
            send_id,
            number,
            attachment_id,
        )


async def chunks(file_id: str) -> AsyncIterator[bytes]:
    """Yield the chunks of a file in their order. One is in memory at a time."""
    number = 1
    while rows := await execute("SELECT content FROM file_chunk WHERE file_id = $1 AND number = $2", file_id, number):
        yield bytes(rows[0]["content"])
        number += 1


async def delete_unused(before: datetime) -> int:
    """Delete attachments that no email has had since ``before`` (UTC), and files without attachments.

    Returns how many attachments and files were deleted.
    """
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    unused = "used_at < $1 AND NOT EXISTS (SELECT 1 FROM email_attachment WHERE attachment_id = attachment.id)"
    # A second condition on ``used_at`` sees an email that has got the attachment while this statement waited.
    attachments = await execute(
        f"DELETE FROM attachment WHERE id IN (SELECT id FROM attachment WHERE {unused} ORDER BY used_at LIMIT $2"
        f" {lock}) AND used_at < $1 RETURNING id",
        before,
        MAX_DELETED_FILES,
    )
    files = await execute(
        "DELETE FROM stored_file WHERE id IN (SELECT id FROM stored_file WHERE created_at < $1"
        f" AND NOT EXISTS (SELECT 1 FROM attachment WHERE file_id = stored_file.id) LIMIT $2 {lock})"
        " AND created_at < $1 RETURNING id",
        before,
        MAX_DELETED_FILES,
    )
    return len(attachments) + len(files)


def _read(row: Mapping[str, Any]) -> Attachment:
    values = [row[name.removeprefix("attachment.")] for name in COLUMNS.split(", ")]
    return Attachment._make([*values[:-1], instant(values[-1])])
