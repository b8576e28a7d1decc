"""The migration of unsubscribing on populated tables: suppressions, workspaces and templates keep their values."""

import pytest

from api.models import SuppressionChange, Template, Workspace
from api.services.people.suppressions import suppress_address
from api.store.engine.database import migrate
from tests.migrations.migrating import before
from tests.services.world import World, make_world


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(1)


async def test_rows_of_the_release_before_get_the_defaults(world: World) -> None:
    await suppress_address(world.context, "old@example.com", "Asked by phone")
    rows = [await model.all().order_by("id").values("id") for model in (SuppressionChange, Template, Workspace)]
    names = await before("0027_unsubscribing")
    assert await migrate() == names
    again = [await model.all().order_by("id").values("id") for model in (SuppressionChange, Template, Workspace)]
    assert again == rows
    change = await SuppressionChange.get()
    assert (change.reason, change.recipient_reason, change.recipient_comment) == ("Asked by phone", None, "")
    workspace = await Workspace.get()
    assert (workspace.unsubscribe_html, workspace.unsubscribe_page_text) == (None, None)
    assert (await Template.get()).transactional is False
    await world.tick()
    assert world.channel.left == ["ada@example.com"]
