"""A reply without a Message-ID counts once if two mailboxes receive it."""

import pytest

from api.models import Event, Reply
from api.states import IncomingResult
from api.store.engine.database import migrate
from tests.databases import on_sqlite
from tests.migrations.migrating import before
from tests.services.replies.incoming_mails import receive, reply, sent_email
from tests.services.world import World, make_sent_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_sent_world(1)


def without(data: bytes, *fields: bytes) -> bytes:
    """Return a mail without these fields of its header."""
    return b"\n".join(line for line in data.split(b"\n") if not line.startswith(fields))


async def test_a_reply_without_a_message_id_that_two_mailboxes_receive_counts_once(world: World) -> None:
    email = await sent_email(world)
    copies = [without(reply(email.message_id, to=to), b"Message-ID:") for to in ("g@example.com", "team@example.com")]
    first, second = await receive(world, *copies)
    assert (first.result, second.result) == (IncomingResult.APPLIED, IncomingResult.IGNORED)
    (third,) = await receive(world, without(copies[0], b"To:"))
    assert third.result == IncomingResult.IGNORED, "also if the copy is read later"
    assert await Event.filter(kind="REPLIED").count() == await Reply.all().count() == 1
    assert (await Reply.get()).message_id is None
    others = [
        reply(email.message_id, text="And again."),
        reply(email.message_id, sender="bob@example.com"),
        reply(email.message_id).replace(b":00:", b":01:"),
    ]
    await receive(world, *(without(each, b"Message-ID:") for each in others))
    assert await Event.filter(kind="REPLIED").count() == await Reply.all().count() == 4


@on_sqlite
async def test_replies_without_message_id_and_date_are_all_kept(world: World) -> None:
    """Nothing says that they are the same mail: a person may write the same words twice."""
    email = await sent_email(world)
    mails = [reply(email.message_id, headers={"X-Number": str(number)}) for number in range(2)]
    await receive(world, *(without(each, b"Message-ID:", b"Date:") for each in mails))
    assert await Event.filter(kind="REPLIED").count() == await Reply.all().count() == 2


async def test_replies_of_the_release_before_stay(world: World) -> None:
    email = await sent_email(world)
    mail = without(reply(email.message_id), b"Message-ID:")
    await receive(world, mail, reply(email.message_id))
    names = await before("0091_replies_without_message_id")
    assert await migrate() == names
    assert [each.content_key for each in await Reply.all()] == [None, None]
    (copy,) = await receive(world, without(mail, b"To:"))
    assert copy.result == IncomingResult.APPLIED, "nothing says that it is the one before"
