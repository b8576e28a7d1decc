"""The migration of the times at which emails failed, on a populated table: each failed email gets its own time."""

from datetime import timedelta

from api.codes.events.event_kinds import EventKind
from api.models import Person, Send
from api.states import SendStatus
from api.store.engine.database import migrate
from api.store.events.events import email_event, write
from tests.migrations.migrating import before
from tests.services.world import NOW, make_world


async def test_failed_emails_have_the_time_of_their_last_failure(database: str) -> None:
    world = await make_world(5)
    first = [await Send.filter(person_id=row.person_id).order_by("due_at").first() for row in world.enrollments]
    ada, bob, carl, dora, eve = first
    hour = timedelta(hours=1)
    await Send.filter(id__in=[ada.id, carl.id, dora.id]).update(status=SendStatus.FAILED)
    await Send.filter(id=bob.id).update(status=SendStatus.SENT, sent_at=NOW)
    await write([email_event(ada, EventKind.EMAIL_FAILED, NOW + number * hour) for number in (1, 2)])
    await write([email_event(bob, EventKind.EMAIL_FAILED, NOW)])
    await Person.filter(id=carl.person_id).update(erased_at=NOW + 3 * hour)
    names = await before("0079_failed_emails")
    assert await migrate() == names
    found = dict(await Send.filter(id__in=[each.id for each in first]).values_list("id", "failed_at"))
    # Bob's email was sent after it had failed. Dora's has no event: it failed with its last attempt.
    assert found == {
        ada.id: NOW + 2 * hour, bob.id: None, carl.id: NOW + 3 * hour, dora.id: dora.due_at, eve.id: None,
    }  # fmt: skip
