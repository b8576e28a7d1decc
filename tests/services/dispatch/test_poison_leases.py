"""A kill while emails are claimed sends nothing twice, and one bad lease keeps no other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.codes.refusals.jobs import JobCode
from api.models import Send
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.dispatch.claim import batch as batches
from api.services.dispatch.claim import bisecting_claim
from api.services.dispatch.dispatcher import run_once
from api.services.dispatch.recovery.expired_leases import recover_expired
from api.store.dispatch import claims, transmissions
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from tests.services.jobs.test_poison import reject
from tests.services.world import NOW, Killed, World, make_world

Failing = pytest.MonkeyPatch


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(5)


async def first_emails() -> list[Send]:
    return await Send.filter(due_at__lte=NOW).order_by("id")


async def statuses(sends: Sequence[Send]) -> set[str]:
    return {str(row.status) for row in await Send.filter(id__in=[each.id for each in sends])}


def break_reader(patch: Failing, person_id: str) -> None:
    right = batches.Recipient

    def read(*values: Any) -> Any:
        if values[0] == person_id:
            raise ValueError("this row cannot be read")
        return right(*values)

    patch.setattr(batches, "Recipient", read)


@pytest.mark.parametrize("moment", ["load", "settle", "claim", "fail"])
async def test_a_kill_at_any_moment_sends_nothing_twice_and_loses_nothing(
    world: World, monkeypatch: Failing, moment: str
) -> None:
    poisoned, *others = await first_emails()

    async def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        break_reader(patch, poisoned.person_id)
        if moment in {"claim", "fail"}:
            await reject("send", "UPDATE", f"NEW.id = '{poisoned.id}' AND NEW.status = 'CLAIMED'")
        where, name = {
            "load": (bisecting_claim.BisectingClaim, "_load_step"),
            "settle": (transmissions, "settle"),
            "claim": (claims, "claim_by_ids"),
            "fail": (bisecting_claim, "_write_each"),
        }[moment]
        patch.setattr(where, name, killed)
        with pytest.raises(Killed):
            await run_once(world.runtime, NOW)
    assert world.channel.left == []
    if moment in {"claim", "fail"}:
        await execute("DROP TRIGGER poison ON send" if is_postgres() else "DROP TRIGGER poison")
    later = NOW + 2 * world.runtime.lease
    await run_once(replace(world.runtime, clock=lambda: later), later)
    await run_once(replace(world.runtime, clock=lambda: later), later)
    assert await statuses([poisoned, *others]) == {"SENT"}
    assert len(world.channel.left) == len(set(world.channel.left)) == 5


async def test_another_process_claims_none_of_them_meanwhile(world: World) -> None:
    (sender,) = await transmissions.senders_with_waiting_emails(None)
    ids = await claims.due_ids(sender["id"], NOW, 50, "att_mine", [])
    assert len(ids) == 5
    theirs = await claims.claim(sender["id"], NOW, NOW + timedelta(minutes=1), 2)
    async with transaction():
        ours = await claims.claim_by_ids(ids, NOW, NOW + timedelta(minutes=1), "att_mine")
    assert len(ours) == 3
    assert not {each.id for each in ours} & {each.id for each in theirs}
    assert await claims.fail_unreadable(theirs[0].id, NOW, "att_mine", JobCode.ROW_FAILED, "") is None
    assert [each.id for each in await claims.claim_by_ids(ids, NOW, NOW, "att_mine")] == [each.id for each in ours]


async def test_one_lease_that_cannot_be_freed_keeps_no_other(world: World) -> None:
    poisoned, claimed, doubtful, resent, stuck = await first_emails()
    gone = {"attempt_id": "att_gone", "lease_until": NOW - timedelta(minutes=1)}
    await Send.filter(id__in=[poisoned.id, claimed.id]).update(status="CLAIMED", **gone)
    await Send.filter(id__in=[doubtful.id, stuck.id]).update(status="TRANSMITTING", **gone)
    await Send.filter(id=resent.id).update(status="IN_DOUBT", due_at=NOW - timedelta(hours=1))
    await execute("UPDATE campaign SET in_doubt_resends = 1")
    await reject("send", "UPDATE", f"NEW.id IN ('{poisoned.id}', '{stuck.id}')")
    backoff = Backoff()
    lost, freed = await recover_expired(NOW, backoff)
    assert ([row["id"] for row in lost], freed) == ([doubtful.id], 2)
    found = {each.id: str(each.status) for each in await first_emails()} | {doubtful.id: "IN_DOUBT"}
    assert [found[each.id] for each in (poisoned, claimed, stuck, resent)] == [
        "CLAIMED", "SCHEDULED", "TRANSMITTING", "DEFERRED",
    ]  # fmt: skip
    assert (await Send.get(id=doubtful.id)).status == "IN_DOUBT"
    assert sorted(backoff.waiting(NOW)) == sorted([poisoned.id, stuck.id])
    assert await recover_expired(NOW, backoff) == ([], 0), "what is put off is left alone"


async def test_an_email_is_in_doubt_also_where_its_event_is_refused(world: World) -> None:
    poisoned, other, *_ = await first_emails()
    gone = {"attempt_id": "att_gone", "lease_until": NOW - timedelta(minutes=1)}
    await Send.filter(id__in=[poisoned.id, other.id]).update(status="TRANSMITTING", **gone)
    await reject("event", "INSERT", f"NEW.send_id = '{poisoned.id}'")
    backoff = Backoff()
    lost, _ = await recover_expired(NOW, backoff)
    assert {row["id"] for row in lost} == {poisoned.id, other.id}
    assert await statuses([poisoned, other]) == {"IN_DOUBT"}
    assert (await Send.get(id=poisoned.id)).due_at > NOW, "its rest began"
    assert backoff.waiting(NOW) == []
