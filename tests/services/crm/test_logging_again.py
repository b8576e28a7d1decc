"""A mail that is read from a mailbox again, after a backup was restored, is logged once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.crm_task_states import CrmChangeKind
from api.models import CrmActivity, CrmChange, Reply, Send
from api.services.replies.findings import ReplyText
from api.services.replies.replies import Replied, settle_replies
from api.states import ReplyKind
from api.store.crm import changes
from api.store.dispatch.backup_recovery import note_in_connections
from api.store.engine.transactions import transaction
from plugins.crms.people_and_activities import PersonKind
from tests.services.crm.connected import LATER, Connected, connect
from tests.services.world import NOW

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.parametrize("database_kind", ["sqlite"])]
MINUTE = timedelta(minutes=1)
both_kinds = pytest.mark.parametrize("marker_is_unique", [True, False])


async def sent(*, marker_is_unique: bool) -> Connected:
    """Return a workspace whose first emails are sent and logged."""
    connected = await connect()
    connected.crm.capabilities = replace(connected.crm.capabilities, marker_is_unique=marker_is_unique)
    connected.crm.add("C1", "ada@example.com")
    connected.crm.add("L1", "bob@example.com", PersonKind.LEAD)
    await connected.world.tick()
    await connected.log()
    return connected


async def read_reply(connected: Connected, message_id: str) -> Reply:
    """Read a reply to the email to ada from a mailbox."""
    text = ReplyText("ada@example.com", "Re: Hi", "Yes.", message_id)
    async with transaction():
        reply = Replied(await connected.email(), ReplyKind.REPLY, NOW, text, None)
        assert await settle_replies([reply], NOW) == [None]
    return await Reply.get(message_id=message_id)


async def restore_backup(connected: Connected) -> None:
    """Let the database know nothing of what was logged, as if the backup were older."""
    await CrmActivity.all().delete()
    await CrmChange.all().delete()
    await note_in_connections(LATER - MINUTE)
    await connected.org.connection.refresh_from_db()


def replies(connected: Connected) -> list[str]:
    """Return the ids of the replies in the CRM."""
    return [key for key, each in connected.crm.activities.items() if each.type == "Reply"]


async def log_all(connected: Connected) -> None:
    for minutes in range(2, 8):
        await connected.log(LATER + minutes * MINUTE)
    assert await connected.waiting() == {}


@both_kinds
async def test_a_reply_that_is_read_again_is_logged_once(marker_is_unique: bool) -> None:
    connected = await sent(marker_is_unique=marker_is_unique)
    first = await read_reply(connected, "<1@ada>")
    await log_all(connected)
    (logged,) = replies(connected)
    await restore_backup(connected)
    await first.delete()
    again = await read_reply(connected, "<1@ada>")
    assert again.id != first.id
    await log_all(connected)
    assert replies(connected) == [logged]
    assert (await CrmActivity.get(subject_id=again.id)).remote_id == logged
    await read_reply(connected, "<2@ada>")
    await log_all(connected)
    assert len(replies(connected)) == 2


@both_kinds
async def test_an_email_from_a_reps_own_mailbox_is_logged_once(marker_is_unique: bool) -> None:
    connected = await sent(marker_is_unique=marker_is_unique)
    before = len(connected.crm.activities)
    for number in range(2):
        email = await connected.email()
        fields = {name: getattr(email, name) for name in Send._meta.fields_db_projection}
        values = {"enrollment_id": None, "step_id": None, "by_hand": True, "message_id": "<1@rep>"}
        copy = await Send.create(**fields | values | {"id": f"snd_{number}"})
        await changes.add(connected.org.workspace_id, CrmChangeKind.ACTIVITY, [copy.id], LATER)
        await log_all(connected)
        assert len(connected.crm.activities) == before + 1
        await restore_backup(connected)
        await copy.delete()
