"""A group that is committed in one exchange has the same effects as one that is committed statement by statement."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError

from api.mail.message.packing import MessageBase
from api.models import Campaign, Enrollment, Event, Person, Send, Sender, Step, Task
from api.services.dispatch.claim.batch import Batch
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.settle import outcome_transaction, usual_group
from api.services.dispatch.settle.outcome_facts import Settled
from api.services.dispatch.settle.usual_group import is_usual
from api.states import EnrollmentStatus, SendStatus
from api.store.dispatch import claims, email_groups, transmissions
from api.store.emails.sent_contents import PackedContent
from api.store.engine.sql import Row, execute
from api.store.engine.transactions import transaction
from api.store.enrollments import enrollments
from api.store.enrollments.fact_changes import FACTS_CHANGED
from api.store.events import event_order
from benchmarks.populated import Size, populate
from plugins.contract import Outcome, Receipt
from tests.services.world import NOW, World, make_world

LEASE = NOW + timedelta(minutes=1)
SENT = Receipt(Outcome.SENT, "SMTP_250", "The server's words.")
PEOPLE, SENT_ALREADY = 12, 6
COMPARED = {
    "send": "id",
    "enrollment": "id",
    "campaign": "id",
    "sent_content": "send_id",
    "event": "kind, send_id, enrollment_id",
    "email_count": "workspace_id, status, archived",
}
"""The tables that are compared, with the order of their rows."""
NEW = {("event", "id"), ("event", "position"), ("email_count", "id")}
"""Columns that differ in every run."""


@pytest.fixture
def database_kind() -> str:
    """SQLite has no exchanges, so each group is committed statement by statement."""
    return "postgres"


class RolledBackError(Exception):
    """Ends a transaction whose changes are not wanted."""


Change = Callable[[Sequence[str], str], Awaitable[object]]
"""A change of the emails with these ids, or of what belongs to them, after their claim. It gets their campaign too."""


async def _of(ids: Sequence[str], name: str) -> list[str]:
    return [str(each) for each in await Send.filter(id__in=list(ids)).values_list(name, flat=True)]


async def suppressed(ids: Sequence[str], _: str) -> object:
    return await execute(
        "INSERT INTO suppression (id, workspace_id, email, email_key, unsubscribed_at, source, reason)"
        " SELECT 'sup_' || id, workspace_id, email, email_key, $2, 'API', 'UNSUBSCRIBED'"
        " FROM person WHERE id = ANY($1)",
        await _of(ids, "person_id"),
        NOW,
    )


async def addressed_anew(ids: Sequence[str], _: str) -> object:
    return await execute("UPDATE person SET email = 'x' || email WHERE id = ANY($1)", await _of(ids, "person_id"))


async def bounced(ids: Sequence[str], _: str) -> object:
    return await Person.filter(id__in=await _of(ids, "person_id")).update(bounced_at=NOW)


async def ended(ids: Sequence[str], _: str) -> object:
    people = Enrollment.filter(id__in=await _of(ids, "enrollment_id"))
    return await people.update(status=EnrollmentStatus.ENDED, ended_at=NOW)


async def facts_changed(ids: Sequence[str], _: str) -> object:
    return await Enrollment.filter(id__in=await _of(ids, "enrollment_id")).update(revision=FACTS_CHANGED)


async def waiting_for_an_option(ids: Sequence[str], _: str) -> object:
    return await Enrollment.filter(id__in=await _of(ids, "enrollment_id")).update(waits_from=1)


async def claimed_again(ids: Sequence[str], _: str) -> object:
    return await Send.filter(id__in=list(ids)).update(attempt_id="att_other")


async def in_doubt(ids: Sequence[str], _: str) -> object:
    return await Send.filter(id__in=list(ids)).update(status=SendStatus.IN_DOUBT)


async def failed(ids: Sequence[str], _: str) -> object:
    return await Send.filter(id__in=list(ids)).update(status=SendStatus.FAILED, attempt_id=None, failed_at=NOW)


async def last_email(ids: Sequence[str], _: str) -> object:
    return await Send.filter(enrollment_id__in=await _of(ids, "enrollment_id"), step__number=2).delete()


async def last_email_but_a_task(ids: Sequence[str], campaign: str) -> object:
    await last_email(ids, campaign)
    for send in await Send.filter(id__in=list(ids)):
        await Task.create(
            id=f"tsk_{send.id}", workspace_id=send.workspace_id, enrollment_id=send.enrollment_id,
            person_id=send.person_id, step_id=send.step_id, assignee_id=send.sender_id, type="CALL", name="Call",
            due_date=NOW.date(),
        )  # fmt: skip


async def nobody_has_more(_: Sequence[str], campaign: str) -> object:
    return await Send.filter(step__campaign_id=campaign, step__number=2).delete()


async def step_removed(_: Sequence[str], campaign: str) -> object:
    return await Step.filter(campaign_id=campaign, number=1).update(removed_at=NOW)


async def paused(_: Sequence[str], campaign: str) -> object:
    return await Campaign.filter(id=campaign).update(paused_at=NOW)


async def edited(_: Sequence[str], campaign: str) -> object:
    return await Campaign.filter(id=campaign).update(editing=True, revision=7)


async def ending(_: Sequence[str], campaign: str) -> object:
    return await Campaign.filter(id=campaign).update(ending_at=NOW)


OF_EMAILS = (
    suppressed, addressed_anew, bounced, ended, facts_changed, waiting_for_an_option, claimed_again, in_doubt, failed,
    last_email, last_email_but_a_task,
)  # fmt: skip
OF_ALL = (nobody_has_more, step_removed, paused, edited, ending)


async def group(world: World) -> tuple[list[Settled], list[Delivery]]:
    """Claim all emails, and begin to transmit some. Returns the outcomes of those, and the emails that ask to begin."""
    sender = (await Sender.filter(workspace_id=world.context.workspace_id).values())[0]
    claimed = await claims.claim(sender["id"], NOW, LEASE, PEOPLE)
    assert len(claimed) == PEOPLE
    await transmissions.begin_transmission([(send, f"<{send.id}@x>") for send in claimed[:SENT_ALREADY]], LEASE)
    batch = await Batch.load(world.runtime, NOW, sender, claimed, "scripted")
    base = MessageBase(world.context.workspace_id, b"shared")
    deliveries = [
        Delivery(send, batch, Stage.REQUESTED, content=PackedContent(send.id, base, base.pack(send.id.encode())))
        for send in claimed
    ]
    for delivery in deliveries[:SENT_ALREADY]:
        delivery.stage = Stage.TRANSMITTING
    done = [(delivery, outcome_transaction.decide(delivery, SENT, NOW)) for delivery in deliveries[:SENT_ALREADY]]
    return done, deliveries[SENT_ALREADY:]


async def rows_after(commit: Callable[[], Awaitable[Any]]) -> tuple[Any, dict[str, list[dict[str, object]]]]:
    """Return what a commit returns, and the rows after it. Nothing stays changed."""
    found: dict[str, list[dict[str, object]]] = {}
    result = None
    with pytest.raises(RolledBackError):
        async with transaction():
            result = await commit()
            for table, order in COMPARED.items():
                rows: Sequence[Row] = await execute(f"SELECT * FROM {table} ORDER BY {order}")
                found[table] = [
                    {name: value for name, value in row.items() if (table, name) not in NEW} for row in rows
                ]
            raise RolledBackError
    return result, found


@pytest.mark.parametrize("seed", range(len(OF_EMAILS) + len(OF_ALL) + 14))
async def test_one_exchange_has_the_same_effects(database: str, seed: int) -> None:
    world = await make_world(PEOPLE)
    done, asking = await group(world)
    chance = random.Random(seed)
    changes: list[Change] = [*OF_EMAILS, *OF_ALL][seed : seed + 1]
    if not changes:
        changes = [*chance.sample(OF_EMAILS, k=3), *chance.sample(OF_ALL, k=chance.randint(0, 1))]
    emails = [outcome.send.id for _, outcome in done] + [delivery.send.id for delivery in asking]
    campaign = world.enrollments[0].campaign_id
    for change in changes:
        await change(chance.sample(emails, 5), campaign)
    assert is_usual(done, asking, NOW)
    world.runtime.stored_bases.clear()

    async def by_statements() -> Any:
        written = await outcome_transaction._commit_all(world.runtime, done, asking, NOW)
        world.runtime.stored_bases.clear()
        return written

    async def in_one_exchange() -> Any:
        return await outcome_transaction.commit(world.runtime, [(each, SENT) for each, _ in done], asking)

    (outcomes, stages), expected = await rows_after(by_statements)
    (own_outcomes, own_stages), own = await rows_after(in_one_exchange)
    assert own_outcomes == outcomes
    assert own_stages == stages
    for table in COMPARED:
        assert own[table] == expected[table], (table, [each.__name__ for each in changes])


async def test_the_last_emails_finish_people_and_their_campaign(database: str) -> None:
    world = await make_world(3)
    await Send.filter(step__number=2).delete()
    await world.tick()
    assert await Enrollment.filter(status=EnrollmentStatus.FINISHED, ended_at=NOW).count() == 3
    assert [each.finished_at for each in await Campaign.all()] == [NOW]
    assert await Event.filter(kind="CAMPAIGN_FINISHED", at=NOW, send_id=None).count() == 3


async def test_outcomes_stay_if_the_emails_on_hold_cannot_be_written(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(PEOPLE)
    done, asking = await group(world)
    await paused((), world.enrollments[0].campaign_id)

    async def fails(*_: object) -> None:
        raise OSError("no connection")

    monkeypatch.setattr(transmissions, "begin_transmission", fails)
    answers = [(delivery, SENT) for delivery, _ in done]
    outcomes, stages = await outcome_transaction.commit(world.runtime, answers, asking)
    assert [outcome.outcome for outcome in outcomes] == [Outcome.SENT] * SENT_ALREADY
    assert stages == {}, "none of them may be sent"
    assert await Send.filter(status=SendStatus.SENT).count() == SENT_ALREADY


async def test_a_commit_whose_answer_is_lost_sends_nothing_twice(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(PEOPLE)
    lost: list[int] = []

    async def commit_group(*args: Any) -> Any:
        committed = await email_groups.commit_group(*args)
        if len(lost) < 5:
            lost.append(len(committed.begun))
            raise ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return committed

    monkeypatch.setattr(usual_group, "commit_group", commit_group)
    for minutes in range(5):
        await world.tick(NOW + timedelta(minutes=minutes))
    assert sum(lost) > 0
    assert len(set(world.channel.left)) == len(world.channel.left) == PEOPLE
    assert await Send.filter(step__number=1, status=SendStatus.SENT).count() == PEOPLE
    assert await Event.filter(kind="EMAIL_SENT").count() == PEOPLE


def plain(sql: str) -> str:
    """Return SQL in one line, without the blanks inside brackets."""
    return " ".join(sql.split()).replace("( ", "(").replace(" )", ")")


async def test_the_function_has_the_conditions_of_dispatch(database: str) -> None:
    (row,) = await execute("SELECT prosrc, proconfig FROM pg_proc WHERE proname = 'commit_email_group'")
    assert "jit=off" in row["proconfig"], "replacing the function removes what a later migration has set"
    source = plain(row["prosrc"])
    for condition in (
        transmissions.MAY_BE_SENT,
        enrollments.is_found(enrollments.PENDING_EMAIL),
        enrollments.is_found(enrollments.OPEN_TASK),
        event_order.POSTGRES_NEXT,
    ):
        assert plain(condition) in source, "a new migration has to replace the function"


GROWING = ["send", "person", "enrollment", "event", "suppression", "task", "sent_content", "message_base"]


async def test_no_large_table_is_read_as_a_whole(database: str) -> None:
    await populate(Size(3_000), "a")  # without statistics
    world = await make_world(PEOPLE)
    done, asking = await group(world)
    scans = "SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = ANY($1) ORDER BY relname"
    async with transaction():
        before = await execute(
            scans, GROWING
        )  # with those of earlier transactions that PostgreSQL has not added up yet
        await usual_group.commit_usual(world.runtime, done, asking, NOW)
        assert await execute(scans, GROWING) == before
