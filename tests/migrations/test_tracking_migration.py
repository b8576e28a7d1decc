"""The migration of tracking on populated tables: campaigns stay as they are, and track nothing."""

from datetime import timedelta

from api.models import Campaign
from api.services.tracking.apply_tracking import email_hit, record_hits
from api.states import Tracking
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from plugins.incoming import ReportedKind
from tests.migrations.migrating import before
from tests.services.world import NOW, make_world

NAME = "0029_tracking"


async def test_no_campaign_tracks_anything(database: str) -> None:
    world = await make_world(2)
    await world.tick()
    names = await before(NAME)
    assert names[0] == NAME
    (old,) = await execute("SELECT * FROM campaign")
    assert "tracking" not in old
    assert await migrate() == names
    (new,) = await execute("SELECT * FROM campaign")
    assert {name: new[name] for name in (*old.keys(), "tracking")} == {**old, "tracking": "OFF"}
    assert (await Campaign.get()).tracking is Tracking.OFF
    sent = await world.send()
    async with transaction():
        hit = email_hit("inc_1", ReportedKind.CLICKED, NOW + timedelta(hours=1), sent.id, {"url": "https://a.example/"})
        assert await record_hits([hit]) == {"inc_1"}
    (row,) = await execute("SELECT id, clicks FROM engagement")
    assert dict(row) == {"id": sent.id, "clicks": 1}
