"""Undoing an unsubscribe at the same moment as another change of the address: one comes first."""

from datetime import timedelta

import pytest

from api.models import Person, Suppression, SuppressionChange
from api.services.common.request_context import WorkspaceContext
from api.services.people.recipient_choices import (
    UNDO_PERIOD,
    explain_unsubscribe,
    recipient_status,
    undo_unsubscribe,
    unsubscribe_recipient,
)
from api.services.people.suppressions import resubscribe, suppress_address
from api.states import SuppressionSource, UnsubscribeReason
from api.store.engine.transactions import transaction
from plugins.contract import Outgoing
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, World, make_world

on_postgres = pytest.mark.parametrize("database_kind", ["postgres"])
ADA = ["ada@example.com"]


async def leave(context: WorkspaceContext) -> tuple[str, ...]:
    """Unsubscribe by the link, and return the ids of the changes, which the form of the page contains."""
    status, new = await unsubscribe_recipient(context, ADA, SuppressionSource.LINK)
    assert new
    assert status.may_undo
    return status.change_ids


async def history() -> list[tuple[str, str]]:
    return [(str(row.kind), str(row.source)) for row in await SuppressionChange.all().order_by("id")]


@on_postgres
async def test_two_undos_at_once_undo_once(database: str, database_kind: str) -> None:
    world = await make_world(1)
    changes = await leave(world.context)
    async with transaction():
        assert await undo_unsubscribe(world.context, ADA, changes)
        late = beside(undo_unsubscribe(world.context, ADA, changes))
        assert await waits_for_us(late)
    assert not await late
    assert await history() == [("UNSUBSCRIBED", "LINK"), ("RESUBSCRIBED", "UNDO")]


@on_postgres
async def test_an_unsubscribe_beside_an_undo_lasts(database: str, database_kind: str) -> None:
    world = await make_world(1)
    changes = await leave(world.context)
    async with transaction():
        assert await undo_unsubscribe(world.context, ADA, changes)
        late = beside(suppress_address(world.context, "ada@example.com"))
        assert await waits_for_us(late)
    await late
    assert await history() == [("UNSUBSCRIBED", "LINK"), ("RESUBSCRIBED", "UNDO"), ("UNSUBSCRIBED", "API")]
    assert (await Suppression.get()).unsubscribed_at == NOW


@on_postgres
async def test_an_undo_beside_a_later_unsubscribe_changes_nothing(database: str, database_kind: str) -> None:
    world = await make_world(1)
    changes = await leave(world.context)
    async with transaction():
        await resubscribe(world.context, "ada@example.com", "Asked by phone")
        await suppress_address(world.context, "ada@example.com")
        late = beside(undo_unsubscribe(world.context, ADA, changes))
        assert await waits_for_us(late)
    assert not await late
    assert (await Suppression.get()).unsubscribed_at == NOW


async def test_an_undo_counts_from_the_moment_of_the_unsubscribe(database: str) -> None:
    world = await make_world(1)
    changes = await leave(world.context)
    clocks = [NOW + UNDO_PERIOD - timedelta(seconds=1), NOW + UNDO_PERIOD]
    earlier, later = (
        WorkspaceContext(world.context.workspace, world.context.installed, lambda at=at: at, lambda: None)  # type: ignore[misc]
        for at in clocks
    )
    assert (await recipient_status(earlier, ADA)).may_undo
    assert not (await recipient_status(later, ADA)).may_undo
    assert not await undo_unsubscribe(later, ADA, changes)
    assert await explain_unsubscribe(later, ADA, changes, UnsubscribeReason.OTHER, "x")
    assert await undo_unsubscribe(earlier, ADA, changes)


async def test_an_undo_while_the_next_email_is_handed_over_does_not_send_it(database: str) -> None:
    """Unsubscribing ended the campaign. Undoing does not start it again, however quick it is."""
    world: World = await make_world(1)

    async def leave_and_return(_outgoing: Outgoing) -> None:
        assert await undo_unsubscribe(world.context, ADA, await leave(world.context))

    world.channel.before = leave_and_return
    await world.tick()
    assert world.channel.left == []
    person = await Person.get()
    assert (await recipient_status(world.context, [person.email])).unsubscribed is False
