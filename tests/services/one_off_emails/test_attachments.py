"""Attachments: uploaded once, sent with several emails, limited in size and memory, and deleted when unused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.models import Send
from api.services.common.emails.large_emails import LargeEmails
from api.services.one_off_emails import attached
from api.services.one_off_emails.drafts import NewEmail, create_email, update_email
from api.services.one_off_emails.sending import delete_email, send_email
from api.services.one_off_emails.uploads import clean_name, content, store_upload
from api.states import SendStatus
from api.store.emails import attachments
from api.store.emails.attachments import CHUNK_BYTES, Attachment
from api.store.engine.sql import execute
from plugins.contract import Outgoing
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.emails.scheduled import refusal
from tests.services.world import NOW, World

New = Callable[..., NewEmail]
BYTES = bytes(range(256)) * (CHUNK_BYTES // 128)
"""More than one chunk."""


async def parts(body: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def upload(
    world: World, body: bytes = BYTES, name: str = "offer.pdf", kind: str = "application/pdf"
) -> Attachment:
    return await store_upload(world.context, name, kind, parts(body))


async def count(table: str) -> int:
    (row,) = await execute(f"SELECT count(*) AS found FROM {table}")
    return int(row["found"])


async def test_equal_files_are_stored_once(world: World) -> None:
    first, second = await upload(world), await upload(world, name="again.pdf")
    other = await upload(world, b"x")
    assert (first.file_id, first.size) == (second.file_id, len(BYTES))
    assert other.file_id != first.file_id
    assert (await count("stored_file"), await count("attachment")) == (2, 3)
    assert b"".join([chunk async for chunk in content(second)]) == BYTES
    both = await asyncio.gather(*(upload(world, b"yy") for _ in range(2)))
    assert len({each.file_id for each in both}) == 1


@on_sqlite
async def test_an_upload_that_fails_stores_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield BYTES
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await store_upload(world.context, "a.txt", "text/plain", breaks())
    assert await refusal(upload(world, b"")) == ("ATTACHMENT_INVALID", ())
    monkeypatch.setattr("api.services.one_off_emails.uploads.MAX_ATTACHED_BYTES", len(BYTES) - 1)
    assert await refusal(upload(world)) == ("ATTACHMENTS_TOO_LARGE", ())
    assert (await count("stored_file"), await count("file_chunk")) == (0, 0)


@on_sqlite
async def test_two_emails_are_sent_with_the_same_files(world: World, new: New) -> None:
    sent: list[Outgoing] = []

    async def arrives(each: Outgoing) -> None:
        sent.append(each)

    world.channel.during = arrives
    offer, note = await upload(world), await upload(world, b"<script>", "../ä\x00.html", "text/html")
    for ids in ([offer.id, note.id, offer.id], [offer.id]):
        send = await create_email(world.context, new(attachment_ids=ids, html="<p>See the files</p>"))
        await send_email(world.context, send.id)
    await world.tick()
    read: list[Any] = [message_from_bytes(each.message, policy=policy.default) for each in sent]
    found = [[(part.get_filename(), part.get_content_type()) for part in each.iter_attachments()] for each in read]
    assert found == [[("offer.pdf", "application/pdf"), ("ä.html", "text/html")], [("offer.pdf", "application/pdf")]]
    assert next(iter(read[1].iter_attachments())).get_content() == BYTES
    assert "See the files" in read[0].get_body(("html",)).get_content()


@on_sqlite
async def test_what_an_email_cannot_have(world: World, new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    offer, note = await upload(world), await upload(world, b"note")
    for wrong in ("att_unknown", "\x00"):
        assert await refusal(create_email(world.context, new(attachment_ids=[offer.id, wrong]))) == (
            "NOT_FOUND", ("attachmentIds", "1"),
        )  # fmt: skip
    monkeypatch.setattr(attached, "MAX_ATTACHED_BYTES", len(BYTES))
    send = await create_email(world.context, new(attachment_ids=[offer.id]))
    assert await refusal(update_email(world.context, send.id, attachment_ids=[offer.id, note.id])) == (
        "ATTACHMENTS_TOO_LARGE", ("attachmentIds",),
    )  # fmt: skip
    assert await refusal(create_email(world.context, new(attachment_ids=[note.id] * 26))) == (
        "TOO_MANY_ATTACHMENTS", ("attachmentIds",),
    )  # fmt: skip
    await update_email(world.context, send.id, attachment_ids=[note.id])
    assert [each.id for each in (await attachments.of_emails([send.id]))[send.id]] == [note.id]
    await update_email(world.context, send.id, attachment_ids=None)
    assert await attachments.of_emails([send.id]) == {}


async def test_unused_files_are_deleted_after_a_day(world: World, new: New) -> None:
    later = NOW + timedelta(days=1, minutes=1)
    used, unused = await upload(world), await upload(world, b"unused")
    await attachments.begin_file(world.context.workspace_id, NOW)  # an upload whose process was killed
    send = await create_email(world.context, new(attachment_ids=[used.id]))
    assert await attachments.delete_unused(NOW) == 0
    assert await attachments.delete_unused(later) == 3  # the attachment, its file, and the unfinished file
    assert list(await attachments.find(world.context.workspace_id, [used.id, unused.id])) == [used.id]
    world.context = replace(world.context, clock=lambda: later)
    await delete_email(world.context, send.id)
    assert await attachments.delete_unused(later) == 0
    assert await attachments.delete_unused(later + timedelta(minutes=1)) == 2
    assert await count("file_chunk") == 0


async def test_only_a_few_are_in_memory_at_the_same_time(world: World, new: New) -> None:
    file = await upload(world)
    for _ in range(8):
        send = await create_email(world.context, new(attachment_ids=[file.id]))
        await send_email(world.context, send.id)
    running, most = 0, 0

    async def arrives(_: Outgoing) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    world.channel.during = arrives
    world.channel.sessions = lambda config: 8  # type: ignore[method-assign]
    await world.tick()
    assert await Send.filter(status=SendStatus.SENT).count() == 8
    assert most <= 2


async def test_an_email_that_waits_too_long_for_its_turn_is_tried_again(world: World, new: New) -> None:
    file = await upload(world)
    send = await create_email(world.context, new(attachment_ids=[file.id]))
    await send_email(world.context, send.id)
    slots = LargeEmails(wait_seconds=0.0)
    world.runtime = replace(world.runtime, large_emails=slots)
    async with slots.slot(), LargeEmails().slot(), slots.slot():
        await world.tick()
        waiting = await Send.get(id=send.id)
        assert (waiting.status, waiting.attempts, waiting.due_at) == ("SCHEDULED", 0, NOW + timedelta(seconds=2))
    await world.tick(NOW + timedelta(seconds=2))
    assert (await Send.get(id=send.id)).status is SendStatus.SENT


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("C:\\files\\offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\x00\u202egpj.exe", "abgpj.exe"),
        (" .hidden. ", "hidden"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("A\u0308.txt", "\u00c4.txt"),
    ],
)
def test_a_name_is_cleaned(given: str, name: str) -> None:
    assert clean_name(given) == name
    with pytest.raises(Refusal):
        clean_name("/\x00..")
