"""The migration of allowed times on populated tables: emails that wait can be sent at any time, as before."""

from api.models import Send
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import before
from tests.services.world import make_world

NAME = "0077_allowed_times"


async def test_emails_keep_their_times(database: str) -> None:
    world = await make_world(2)
    names = await before(NAME)
    assert names[0] == NAME
    old = await execute("SELECT * FROM send ORDER BY id")
    assert len(old) == 4
    assert "allowed_times_id" not in old[0]
    assert await migrate() == names
    new = await execute("SELECT * FROM send ORDER BY id")
    assert [{key: row[key] for key in dict(old[0])} for row in new] == [dict(row) for row in old]
    assert [row["allowed_times_id"] for row in new] == [None] * len(old)
    assert await execute("SELECT * FROM allowed_times") == []
    await world.tick()
    assert world.channel.left == ["ada@example.com", "bob@example.com"]
    assert await Send.filter(allowed_times_id=None).count() == 4
