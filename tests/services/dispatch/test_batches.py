"""Several emails in one request: each has an outcome of its own, and none is sent twice."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from api.mail.message.email_rendering import RenderedEmail
from api.models import AccountPause, Send
from api.services.dispatch.claim.delivery import Delivery, Stage
from api.services.dispatch.dispatch_answers import DispatchAnswer
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.dispatch.send import batch_attempt
from api.services.dispatch.settle import outcome_writer
from api.states import SendStatus
from plugins.contract import AccountUnavailableError, Outcome, Outgoing, Receipt
from tests.databases import on_sqlite
from tests.services.world import NOW, Scripted, World, make_world

SENT = Receipt(Outcome.SENT, "OK", "Sent.")
WITHDRAWN = Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "Withdrawn.")


@dataclass
class Batching(Scripted):
    """A channel that takes ten emails in a request."""

    requests: list[list[str]] = field(default_factory=list)
    refuse: str = ""
    """The recipient whose email another process takes away before the request."""
    fault: Any = None
    asks: bool = True

    batch_size = 10

    async def deliver_many(
        self, outgoing: Sequence[Outgoing], about_to_transmit: Callable[[], Awaitable[Collection[str]]]
    ) -> Sequence[Receipt]:
        taken = [each.send_id for each in outgoing if each.recipient.startswith(self.refuse)] if self.refuse else []
        if taken:
            await Send.filter(id__in=taken).update(attempt_id="another")
        allowed = await about_to_transmit() if self.asks else ()
        if self.asks:
            assert not await about_to_transmit(), "a second question gets no permission"
        self.requests.append([each.recipient for each in outgoing if each.send_id in allowed])
        if isinstance(self.fault, BaseException):
            raise self.fault
        return self.fault or [SENT if each.send_id in allowed else WITHDRAWN for each in outgoing]


async def statuses(world: World) -> Counter[SendStatus]:
    return Counter([each.status for each in await Send.filter(due_at__lte=NOW + timedelta(days=2))])


async def test_a_request_has_the_emails_that_may_still_be_sent(database: str) -> None:
    world = await make_world(30)
    channel = Batching(refuse="bob@")
    await run_once(world.through(channel), NOW)
    recipients = [each for request in channel.requests for each in request]
    assert len(recipients) == len(set(recipients)) == 29
    assert max(map(len, channel.requests)) == 10
    assert not any(each.startswith("bob@") for each in recipients)
    assert await Send.filter(status=SendStatus.SENT).count() == 29
    lonely = await Send.get(attempt_id="another")
    assert lonely.status is not SendStatus.SENT


@on_sqlite
async def test_a_lost_answer_leaves_each_email_of_the_request_in_doubt(database: str) -> None:
    for fault in (ConnectionError("reset"), [SENT], {"no": "list"}):
        world = await make_world(10)
        channel = Batching(fault=fault)
        await run_once(world.through(channel), NOW)
        await run_once(world.through(channel), NOW)
        sent = [each for request in channel.requests for each in request]
        assert len(sent) == len(set(sent)) == 10
        mine = Send.filter(workspace_id=world.context.workspace_id)
        assert await mine.filter(status=SendStatus.IN_DOUBT).count() == 10
    assert await AccountPause.all().count() == 0, "one doubtful request is one doubt of its account"


@on_sqlite
async def test_a_failure_before_the_permission_is_no_doubt(database: str) -> None:
    world = await make_world(10)
    unavailable = Batching(fault=AccountUnavailableError("QUOTA", "Used up.", retry_after=7200), asks=False)
    await run_once(world.through(unavailable), NOW)
    emails = await Send.filter(due_at__lte=NOW + timedelta(days=2))
    assert {(each.status, each.attempts) for each in emails} == {(SendStatus.SCHEDULED, 0)}
    assert (await AccountPause.get()).until == NOW + timedelta(hours=2)
    broken = Batching(fault=ValueError("broken"), asks=False)
    later = NOW + timedelta(hours=2)  # the end of the pause, at which the emails are due again
    await run_once(replace(world.through(broken), clock=lambda: later), later)
    assert {each.status for each in await Send.filter(due_at__lte=NOW + timedelta(days=2))} == {SendStatus.DEFERRED}
    mixed = [SENT] * 4 + [Receipt(Outcome.HARD_BOUNCE, "NO_USER", "No such user.")] * 6
    works = Batching(fault=mixed)
    await run_once(world.through(works), later + timedelta(hours=1))
    assert await statuses(world) == {SendStatus.SENT: 4, SendStatus.BOUNCED: 6}


@on_sqlite
async def test_the_first_claim_fills_the_requests_of_all_sessions(database: str) -> None:
    class Large(Batching):
        batch_size = 40

    world = await make_world(60)
    dispatcher = Dispatcher(world.through(Large()))
    assert (await dispatcher.step(NOW)).claimed == 60
    await dispatcher.drain()
    assert await Send.filter(status=SendStatus.SENT).count() == 60


@on_sqlite
async def test_the_emails_of_a_request_begin_in_one_commit(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await make_world(10)
    began: list[int] = []
    commit = outcome_writer.commit

    async def counted(runtime: Any, done: Any, asking: Any) -> Any:
        began.append(len(asking))
        return await commit(runtime, done, asking)

    monkeypatch.setattr(outcome_writer, "commit", counted)
    await run_once(world.through(Batching()), NOW)
    assert [number for number in began if number] == [10]


async def test_an_email_that_is_settled_while_another_is_rendered_is_in_no_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dispatcher settles such emails when it stops."""
    first, second, third = (Delivery(SimpleNamespace(id=name), SimpleNamespace()) for name in "abc")  # type: ignore[arg-type]
    handed: list[str] = []

    async def prepare(delivery: Delivery) -> RenderedEmail:
        if delivery is third:
            first.stage = Stage.ENDED
        return RenderedEmail("", b"")

    class Session:
        async def deliver_many(self, outgoing: Sequence[str], begin: object) -> list[Receipt]:
            handed.extend(outgoing)
            return [SENT for _ in outgoing]

    monkeypatch.setattr(batch_attempt, "prepare", prepare)
    monkeypatch.setattr(batch_attempt, "outgoing_of", lambda delivery, _: delivery.send.id)
    many: Any = batch_attempt.attempt_many
    answers = await many(Session(), [first, second, third], None, "batching", lambda: False)
    assert handed == ["b", "c"]
    assert [(each.send.id, answer) for each, answer in answers] == [
        ("a", DispatchAnswer.SETTLED_BEFORE), ("b", SENT), ("c", SENT),
    ]  # fmt: skip
    assert first.stage is Stage.ENDED
