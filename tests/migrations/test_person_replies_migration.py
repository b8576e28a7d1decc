"""The migration of the last replies and of former addresses, on populated tables: the backfill counts real replies."""

from datetime import timedelta

from api.ids import new_id
from api.models import Person, Reply, Send
from api.services.people.people import update_person
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.people.former_addresses import add_former_address
from tests.migrations.migrating import before
from tests.services.world import NOW, make_world


async def test_people_have_the_last_of_their_replies(database: str) -> None:
    world = await make_world(5)
    await world.tick()
    ada, bob, carl, dora, eve = (row.person_id for row in world.enrollments)
    hour = timedelta(hours=1)
    replies = [
        *((ada, "REPLY", NOW), (ada, "REPLY", NOW + 2 * hour), (ada, "AUTO_REPLY", NOW + 3 * hour)),
        *((bob, "AUTO_REPLY", NOW), (carl, "REPLY", NOW + hour), (eve, "REPLY", NOW + hour)),
    ]
    for person_id, kind, at in replies:
        email = await Send.get(person_id=person_id, status="SENT")
        about = {"id": new_id("rpl"), "workspace_id": email.workspace_id, "send_id": email.id, "at": at, "kind": kind}
        await Reply.create(**about, sender="", subject="", text="")
    await Person.filter(id=eve).update(erased_at=NOW)
    people = [dict(row) for row in await execute("SELECT id, email, created_at FROM person ORDER BY id")]
    names = await before("0070_person_replies")
    assert await migrate() == names
    assert [dict(row) for row in await execute("SELECT id, email, created_at FROM person ORDER BY id")] == people
    found = dict(await Person.all().values_list("id", "replied_at"))
    # Automatic replies do not count, and an erased person has none.
    assert found == {ada: NOW + 2 * hour, bob: None, carl: NOW + hour, dora: None, eve: None}
    assert await Reply.all().count() == len(replies)
    # Addresses of the time before are not known. Those of today are stored once.
    assert list(await execute("SELECT * FROM former_address")) == []
    await update_person(world.context, ada, email="new@example.com")
    await add_former_address(world.context.workspace_id, ada, "ada@example.com")
    rows = await execute("SELECT email_key, person_id, workspace_id FROM former_address")
    assert [tuple(dict(row).values()) for row in rows] == [("ada@example.com", ada, world.context.workspace_id)]
