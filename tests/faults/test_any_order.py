"""Whatever happens in whatever order: nobody gets what they must not get, and the feed tells the state."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.models import Campaign, Enrollment, Event, Launch, Send, Task
from api.services.campaigns.authoring import add_step, create_campaign
from api.services.campaigns.editing import edit_job, editing
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.campaigns.pausing import hold_job, pausing
from api.services.campaigns.pausing.launch_control import pause_launch, resume_launch
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.emails.emails import resolve_in_doubt, retry_send
from api.services.launches import enrolling
from api.services.launches.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.people.suppressions import unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.tasks import complete_task
from api.services.templates.templates import create_template, update_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import GOING_ON, PENDING_STATUSES
from api.store.engine.database import close_database, open_database
from api.store.jobs import LEASE as JOB_LEASE
from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session
from plugins.manager import load
from strategies import Refusal, StepType
from tests.databases import folder_in_memory, migrated
from tests.faults.edits import Edits
from tests.services.jobs.claims import (
    claim_edit,
    claim_end,
    claim_holds,
    claim_launch,
    run_edit,
    run_end,
    run_holds,
    run_launch,
)
from tests.services.world import Killed, with_channel

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
TELLS = {"SENT": "EMAIL_SENT", "FAILED": "EMAIL_FAILED", "IN_DOUBT": "EMAIL_IN_DOUBT", "BOUNCED": "BOUNCED"}
PLANS = {"EMAIL_ADDED", "EMAIL_MOVED", "EMAIL_WITHDRAWN"}
"""Events of edits: they tell of a plan, and of no email that has left."""
ENDS = {"CAMPAIGN_LAUNCHED": "ACTIVE", "CAMPAIGN_FINISHED": "FINISHED", "CAMPAIGN_ENDED": "ENDED"}


class Recorder(Channel, Session):
    """Remembers which send left, and hangs where a test wants a crash."""

    key = "recorder"
    labels = {"en": "Recorder"}

    def __init__(self) -> None:
        self.outcome = Outcome.SENT
        self.left: list[str] = []
        self.hang: str | None = None
        self.hanging = asyncio.Event()
        self.interrupt: Callable[[], Awaitable[None]] | None = None
        """What happens while the next email is about to leave."""

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        await self._maybe("before")
        interrupt, self.interrupt = self.interrupt, None
        if interrupt:
            await interrupt()
        if self.outcome in {Outcome.SENT, Outcome.IN_DOUBT}:
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "")
            self.left.append(outgoing.send_id)
            await self._maybe("after")
        return Receipt(self.outcome, "SCRIPTED", "As the test says.")

    async def _maybe(self, where: str) -> None:
        if self.hang == where:
            self.hanging.set()
            await asyncio.Event().wait()


MIGRATED: list[bytes] = []
"""An empty database, once one was made: each story begins with a copy."""


async def empty_database(file: Path) -> str:
    """Make a migrated SQLite file, and return its URL."""
    if MIGRATED:
        file.write_bytes(MIGRATED[0])  # noqa: ASYNC240 - nothing else runs
    else:
        await migrated(f"sqlite://{file}")
        MIGRATED.append(file.read_bytes())  # noqa: ASYNC240
    return f"sqlite://{file}"


class AnyOrder(Edits, RuleBasedStateMachine):
    """One workspace in real time, whose clock the rules move."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="touchline-any-order-", dir=folder_in_memory()))
        self.now = START
        self.resent: Counter[str] = Counter()
        self.settled: set[str] = set()
        """Doubts of which a person said that they arrived."""
        self.no_more: dict[str, int] = {}
        """How often a send had left when its person left the campaign."""
        self.edited = False
        self.settled_sends: dict[str, tuple[Any, ...]] = {}
        self.people = 0
        self.may_have_left = 0
        """How many emails had left, or begun to, when the campaign was last paused."""
        self.patch = pytest.MonkeyPatch()
        for module, name, count in (
            (enrolling, "PEOPLE_PER_CHUNK", 2),
            (hold_job, "PEOPLE_HELD_PER_CHUNK", 2),
            (hold_job, "PEOPLE_RELEASED_PER_CHUNK", 1),
            (pausing, "CHUNKS_OF_A_CALLER", 2),
            (edit_job, "PEOPLE_PER_CHUNK", 1),
            (editing, "CHUNKS_OF_A_CALLER", 3),
        ):
            self.patch.setattr(module, name, count)

    def do(self, work: Awaitable[Any]) -> Any:
        async def doing() -> Any:
            return await work

        return self.runner.run(doing())

    @initialize()
    def author(self) -> None:
        self.do(self._author())

    async def _author(self) -> None:
        await open_database(await empty_database(self.folder / "touchline.db"))
        self.channel = Recorder()
        installed = load({})
        installed = with_channel(installed, self.channel)
        self.runtime = DispatchRuntime(installed, lambda: self.now, lambda person: None, lambda: None, lease=LEASE)
        self.context = self.runtime.context(await create_workspace("W", START))
        sender = await create_sender(self.context, name="G", email="g@example.com", zone="UTC", channel="recorder")
        self.template = await create_template(self.context, name="T", subject="Hi", html="<p>x</p>")
        self.campaign = (await create_campaign(self.context, name="C", sender_id=sender.id)).id
        email: dict[str, Any] = {"template_id": self.template.id, "step_type": StepType.EMAIL}
        await add_step(self.context, self.campaign, day=1, send_option="choose_at_launch", **email)
        await add_step(self.context, self.campaign, day=2, send_option="same_time_as_previous", **email)
        await add_step(self.context, self.campaign, day=2, step_type=StepType.CALL)
        await add_step(self.context, self.campaign, day=3, send_option="same_time_as_previous", **email)

    @rule(count=st.integers(1, 3))
    def launch(self, count: int) -> None:
        self.do(self._launch(count))

    async def _launch(self, count: int) -> None:
        self.people += count
        names = range(self.people - count, self.people)
        ids = [(await create_person(self.context, f"p{number}@example.com")).id for number in names]
        with suppress(Refusal):  # the campaign may be paused
            await launch(self.context, self.campaign, ids, Choice("NOW"), {})

    @rule(hours=st.sampled_from([0, 0.1, 1, 24, 30]))
    def tick(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.do(run_once(self.runtime, self.now))

    @rule(outcome=st.sampled_from([each for each in Outcome if each is not Outcome.WITHDRAWN]))
    def the_server_changes_its_mind(self, outcome: Outcome) -> None:
        self.channel.outcome = outcome

    @rule(where=st.sampled_from(["before", "after"]))
    def crash(self, where: str) -> None:
        self.do(self._crash(where))
        self.now += LEASE + timedelta(seconds=1)

    async def _crash(self, where: str) -> None:
        self.channel.hang, self.channel.hanging = where, asyncio.Event()
        dispatcher = Dispatcher(self.runtime)
        await dispatcher.step(self.now)
        drained = asyncio.create_task(dispatcher.drain())
        hanging = asyncio.create_task(self.channel.hanging.wait())
        await asyncio.wait([drained, hanging], return_when=asyncio.FIRST_COMPLETED)
        self.channel.hang = None
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

    @rule()
    def pauses(self) -> None:
        with suppress(Refusal):
            self.do(self._pause())

    async def _pause(self) -> None:
        await pause_campaign(self.context, self.campaign)
        transmitting = await Send.filter(status="TRANSMITTING").values_list("id", flat=True)
        self.may_have_left = len(self.channel.left) + len(set(transmitting) - set(self.channel.left))

    @rule()
    def pauses_while_emails_leave(self) -> None:
        async def pause() -> None:
            with suppress(Refusal):
                await self._pause()

        self.channel.interrupt = pause
        self.do(run_once(self.runtime, self.now))
        self.channel.interrupt = None

    @rule(hours=st.sampled_from([0, 1, 30, 100]))
    def resumes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        with suppress(Refusal):
            self.do(resume_campaign(self.context, self.campaign))

    @rule(work=st.sampled_from(["_hold", "_release"]), change=st.sampled_from([pause_campaign, resume_campaign]))
    def is_killed_while_it_pauses_or_resumes(self, work: str, change: Callable[..., Awaitable[Any]]) -> None:
        right, calls = getattr(hold_job, work), []

        async def killed(*given: Any) -> Any:
            calls.append(given)
            if len(calls) > 1:
                raise Killed
            return await right(*given)

        with pytest.MonkeyPatch.context() as patch, suppress(Refusal, Killed):
            patch.setattr(hold_job, work, killed)
            self.do(change(self.context, self.campaign))
        if change is pause_campaign:
            self.may_have_left = max(self.may_have_left, len(self.channel.left))
        self.now += JOB_LEASE

    @rule()
    def does_the_jobs(self) -> None:
        self.do(self._jobs())

    async def _jobs(self) -> None:
        while (row := await claim_holds(self.now)) is not None:
            await run_holds(row, self.runtime.context)
        while (edited := await claim_edit(self.now)) is not None:
            await run_edit(edited, self.runtime.context)
        while (ending := await claim_end(self.now)) is not None:
            await run_end(ending, self.runtime.context)
        while (launching := await claim_launch(self.now)) is not None:
            await run_launch(launching, self.runtime.context, lambda: self.now)

    @rule()
    def launches_in_the_background(self) -> None:
        with suppress(Refusal):
            self.do(start_launch(self.context, self.campaign, None, Choice("NOW")))

    @rule(data=st.data(), how=st.sampled_from([pause_launch, resume_launch, cancel_launch]))
    def decides_about_a_launch(self, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        chosen = self.pick(data, self.do(Launch.filter(status__in=GOING_ON)))
        if chosen is not None:
            with suppress(Refusal):
                self.do(how(self.context, chosen.id))

    @rule(data=st.data(), how=st.sampled_from([pause_launch, pause_campaign, end_campaign]))
    def interrupts_a_launch(self, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        self.do(self._interrupt(how))
        self.gone([row.id for row in self.do(Enrollment.filter(status="ENDED"))])

    async def _interrupt(self, how: Callable[..., Awaitable[Any]]) -> None:
        row = await claim_launch(self.now)
        if row is None:
            return
        right, enrolled = enrolling._Enroller.chunk, -1

        async def once(job: Any) -> bool:
            nonlocal enrolled
            more: bool = await right(job)
            if enrolled < 0 and more:
                enrolled = (await Launch.get(id=row.id)).enrolled
                with suppress(Refusal):
                    await (how(self.context, row.id) if how is pause_launch else how(self.context, self.campaign))
            return more

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(enrolling._Enroller, "chunk", once)
            done = await run_launch(row, self.runtime.context, lambda: self.now)
        if enrolled >= 0:
            assert done.enrolled == enrolled, "enrolled after the launch was stopped"
            if how is pause_campaign:
                self.may_have_left = max(self.may_have_left, len(self.channel.left))

    @rule()
    def edit(self) -> None:
        self.do(update_template(self.context, self.template.id, subject=f"Hi {self.now:%H:%M}"))

    def pick(self, data: st.DataObject, rows: list[Any]) -> Any:
        return data.draw(st.sampled_from(sorted(rows, key=lambda row: row.id))) if rows else None

    def gone(self, enrollment_ids: list[str]) -> None:
        """Whoever leaves gets nothing more than what had left by now."""
        left = Counter(self.channel.left)
        for send in self.do(Send.filter(enrollment_id__in=enrollment_ids)):
            self.no_more.setdefault(send.id, left[send.id])

    @rule(data=st.data(), how=st.sampled_from([end_enrollment, record_reply, record_bounce]))
    @precondition(lambda self: self.people)
    def comes_to_an_end(self, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        chosen = self.pick(data, self.do(Enrollment.filter(status="ACTIVE")))
        if chosen is not None:
            with suppress(Refusal):
                self.do(how(self.context, chosen.id))
                self.gone([chosen.id])

    @rule(data=st.data())
    @precondition(lambda self: self.people)
    def unsubscribes(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Enrollment.all()))
        if chosen is not None:
            self.do(unsubscribe(self.context, chosen.person_id))
            self.gone([chosen.id])

    @rule()
    def ends_for_all(self) -> None:
        active = self.do(Enrollment.filter(status="ACTIVE"))
        self.do(end_campaign(self.context, self.campaign))
        self.gone([row.id for row in active])

    @rule(data=st.data(), resolution=st.sampled_from(["SENT", "RESEND"]))
    def settles_a_doubt(self, data: st.DataObject, resolution: Any) -> None:
        chosen = self.pick(data, self.do(Send.filter(status="IN_DOUBT")))
        if chosen is not None:
            with suppress(Refusal):
                self.do(resolve_in_doubt(self.context, chosen.id, resolution))
                self.resent[chosen.id] += resolution == "RESEND"
                if resolution == "SENT":
                    self.settled.add(chosen.id)

    @rule(data=st.data())
    def retries(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Send.filter(status__in=["FAILED", "BOUNCED"])))
        if chosen is not None:
            with suppress(Refusal):
                self.do(retry_send(self.context, chosen.id))
                self.resent[chosen.id] += 1

    @rule(data=st.data())
    def completes_a_task(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Task.filter(status="OPEN")))
        if chosen is not None:
            self.do(complete_task(self.context, chosen.id))

    @invariant()
    def nobody_gets_what_they_must_not_get(self) -> None:
        for send_id, times in Counter(self.channel.left).items() if hasattr(self, "channel") else ():
            assert times <= 1 + self.resent[send_id], "sent twice"
            assert times <= self.no_more.get(send_id, times), "sent to someone who had left"

    @invariant()
    def nothing_leaves_while_paused(self) -> None:
        if hasattr(self, "campaign"):
            self.do(self._held())

    async def _held(self) -> None:
        campaign = await Campaign.get(id=self.campaign)
        held = await Send.filter(held=True)
        assert {send.status for send in held} <= {"SCHEDULED", "DEFERRED"}
        if campaign.paused_at is not None:
            assert len(self.channel.left) <= self.may_have_left, "left while paused"
            assert not await Launch.filter(status="RUNNING").exists(), "launched while paused"
        if campaign.holds is None and campaign.paused_at is None and not campaign.editing:
            assert held == [], "on hold, and nobody will release it"
        if campaign.holds is None and campaign.paused_at is not None:
            loose = Send.filter(status__in=["SCHEDULED", "DEFERRED", "CLAIMED"], held=False)
            assert not await loose.filter(enrollment__status="ACTIVE").exists(), "paused, and not on hold"
        days: dict[str, dict[int, Any]] = {}
        for send in await Send.filter(by_hand=False).select_related("step"):
            days.setdefault(send.enrollment_id, {})[send.step.number] = send.planned_date
        for planned in days.values():
            assert self.edited or 2 not in planned or planned[2] - planned[1] >= timedelta(days=1), "bunched"

    async def in_the_end(self) -> None:
        """When everything goes on, the server takes everything and time passes, nothing waits for ever."""
        self.channel.outcome = Outcome.SENT
        with suppress(Refusal):
            await resume_campaign(self.context, self.campaign)
        for row in await Launch.filter(status="PAUSED"):
            await resume_launch(self.context, row.id)
        self.now += JOB_LEASE
        await self._jobs()
        for hours in [1] * 4 + [24] * 8 + [1] * 8:
            self.now += timedelta(hours=hours)
            while not (await run_once(self.runtime, self.now)).idle:
                pass
        waiting = await Send.filter(status__in=PENDING_STATUSES)
        assert waiting == [], [(send.status, send.held, send.due_at, self.now) for send in waiting]
        assert not await Launch.filter(status__in=GOING_ON).exists()

    @invariant()
    def the_feed_tells_the_state(self) -> None:
        if hasattr(self, "template"):
            self.do(self._feed())

    async def _feed(self) -> None:
        emails: dict[str, str] = {}
        campaigns: dict[str, str] = {}
        for event in await Event.all().order_by("id"):
            if event.send_id and (event.kind.startswith("EMAIL_") or event.kind == "BOUNCED"):
                if event.kind not in PLANS:
                    emails[event.send_id] = event.kind
            elif event.kind in ENDS and event.enrollment_id:
                campaigns[event.enrollment_id] = ENDS[event.kind]
        for send in await Send.all():
            told = emails.get(send.id)
            if send.status in TELLS:
                assert told == TELLS[send.status], (send.status, told)
            else:
                assert told in {None, "EMAIL_DEFERRED", "EMAIL_RETRIED"}, (send.status, told)
            if send.status == "SENT":
                assert send.id in self.settled or send.id in self.channel.left, "told as sent, but it never left"
        for enrollment in await Enrollment.all():
            assert campaigns[enrollment.id] == enrollment.status, (enrollment.status, campaigns[enrollment.id])

    def teardown(self) -> None:
        try:
            if hasattr(self, "campaign"):
                self.do(self.in_the_end())
        finally:
            self.do(close_database())
            self.runner.close()
            self.patch.undo()
            shutil.rmtree(self.folder)


AnyOrder.TestCase.settings = settings(max_examples=15, stateful_step_count=25, phases=[Phase.generate])


@pytest.mark.filterwarnings("ignore")
class TestAnyOrder(AnyOrder.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""
