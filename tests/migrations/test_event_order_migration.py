"""The migration to positions of events: old events keep the order of their ids, before all new ones."""

import pytest

from api.codes.events.event_kinds import EventKind
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.events.event_feed import Place, read_after
from api.store.events.event_order import settled
from api.store.events.events import workspace_event, write
from tests.migrations.migrating import opened_as_of
from tests.services.world import NOW


async def test_old_events_come_first(database_kind: str, request: pytest.FixtureRequest) -> None:
    async with opened_as_of("0046_one_off_emails", database_kind, request):
        await execute(
            "INSERT INTO workspace (id, name, sandbox, blocked_domains, created_at) VALUES ($1, 'A', false, '[]', $2)",
            "wsp_a",
            NOW,
        )
        for number in (2, 1, 3):
            await execute(
                "INSERT INTO event (id, workspace_id, kind, at, data) VALUES ($1, 'wsp_a', 'REPLIED', $2, '{}')",
                f"evt_{number}",
                NOW,
            )
        assert "0047_event_order" in await migrate()
        for _ in range(2):
            async with transaction():
                await write([workspace_event("wsp_a", EventKind.REPLIED, NOW)])
        upto, _ = await settled()
        rows = await read_after("wsp_a", Place(-1), upto, 10)
        assert [row.id for row in rows[:3]] == ["evt_1", "evt_2", "evt_3"]
        assert [row.position for row in rows] == [0, 0, 0, 2, 3]
        assert {row.actor for row in rows[:3]} == {None}
