"""The migrations for facts that send options read, on populated tables: they change no row."""

from api.models import Enrollment, Send
from api.store.dispatch.send_history import histories, store_history
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.enrollments import waiting_people
from api.store.enrollments.fact_changes import has_marked
from tests.migrations.migrating import before
from tests.services.world import NOW, make_world


async def test_people_and_emails_stay_as_they_are(database: str) -> None:
    world = await make_world(2)
    await world.tick()
    rows = [await Enrollment.all().order_by("id").values(), await Send.all().order_by("id").values()]
    names = await before("0076_fact_changes")
    assert await migrate() == names
    assert [await Enrollment.all().order_by("id").values(), await Send.all().order_by("id").values()] == rows
    campaign_id = world.enrollments[0].campaign_id
    assert not await has_marked(campaign_id)
    await execute("UPDATE enrollment SET revision = -2 WHERE id = $1", world.enrollments[0].id)
    assert await has_marked(campaign_id)
    assert await waiting_people.count([campaign_id]) == {campaign_id: []}
    await waiting_people.mark([waiting_people.Waiting(world.enrollments[0].id, 2, "SEND_OPTION_FAILED")])
    assert await waiting_people.count([campaign_id]) == {campaign_id: [(2, "SEND_OPTION_FAILED", 1)]}
    await store_history(world.context.workspace_id, [[1, 0, 0, 0]] * 168, NOW)
    assert [each.counted_at for each in await histories(world.context.workspace_id)] == [NOW]
