"""An email that another process claims and gives back while its person is being resolved follows the edit."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Send
from api.services.campaigns.campaigns import change_step, move_step
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.services.dispatch.outcome_decision import decide_outcome
from api.store.campaigns import edits
from api.store.dispatch import claims, transmissions
from api.store.engine.transactions import transaction
from tests.services.campaigns.edited import later, step, taken_up
from tests.services.locks import beside
from tests.services.world import NOW, make_world

DAY = timedelta(days=1)
NOW_DUE = NOW + 8 * DAY


@pytest.fixture
def database_kind() -> str:
    """SQLite has one writer, and nothing comes in between."""
    return "postgres"


@pytest.mark.parametrize("back", ["it is held as it begins", "it is given back", "its lease ends"])
@pytest.mark.parametrize("edit", ["moved", "a task"])
async def test_it_does_not_leave_by_the_old_plan(
    database: str, monkeypatch: pytest.MonkeyPatch, edit: str, back: str
) -> None:
    world = await make_world(1)
    await world.tick()
    email = await Send.get(step__number=2)
    assert email.due_at == NOW_DUE
    claimed: list[Any] = []
    release, with_email = edits.release_claims_of, edits.enrollments_with_email

    async def claim_and_give_back() -> None:
        until = NOW_DUE + (-DAY if back == "its lease ends" else DAY)
        claimed.extend(await claims.claim(email.sender_id, NOW_DUE, until, 10))

    async def gives_back() -> None:
        async with transaction():
            if back == "it is held as it begins":
                assert await transmissions.begin_transmission([(claimed[0], "<1@example.com>")], NOW_DUE + DAY) == set()
            elif back == "it is given back":
                await transmissions.settle([decide_outcome(claimed[0], DispatchAnswer.PROCESS_STOPS, NOW_DUE)])
            else:
                assert len(await claims.release_expired_claims(NOW_DUE)) == 1

    async def then_another_claims(ids: list[str]) -> None:
        await release(ids)
        await beside(claim_and_give_back())

    async def before_it_is_looked_for(ids: list[str], status: str) -> set[str]:
        if status == "CLAIMED" and claimed:
            await beside(gives_back())
            claimed.clear()
        return await with_email(ids, status)

    with monkeypatch.context() as patch:
        patch.setattr(edits, "release_claims_of", then_another_claims)
        patch.setattr(edits, "enrollments_with_email", before_it_is_looked_for)
        context = later(world, NOW_DUE).context
        if edit == "moved":
            await move_step(context, (await step(2)).id, day=12)
        else:
            await change_step(context, (await step(2)).id, send_option="task", config={})
    while await taken_up(later(world, NOW_DUE), NOW_DUE + timedelta(minutes=5)):
        pass
    assert not (await Campaign.get()).editing
    world.channel.left.clear()
    await later(world, NOW_DUE + timedelta(minutes=1)).tick(NOW_DUE + timedelta(minutes=1))
    assert world.channel.left == []
    there = await Send.get_or_none(id=email.id)
    assert there is None if edit == "a task" else there is not None and there.due_at == NOW + 11 * DAY
