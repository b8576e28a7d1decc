"""Any order of events: nobody gets an email that they must not get, and the Live Feed agrees with the database."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.models import Campaign, Enrollment, Event, Launch, Send
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.editing import apply_edit, edit_job
from api.services.campaigns.pausing import pause_job, pausing
from api.services.campaigns.pausing.launch_control import resume_launch
from api.services.campaigns.pausing.pausing import resume_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.dispatcher import Dispatcher, run_once
from api.services.launches.background import background_enrolling
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from api.states import OPEN_LAUNCH_STATUSES, PENDING_STATUSES
from api.store.engine.database import close_database, open_database
from api.store.jobs import LEASE as JOB_LEASE
from plugins.contract import Outcome
from plugins.loading.manager import load
from strategies import Refusal, StepType
from tests.cases import how_many
from tests.databases import folder_in_memory, migrated
from tests.faults.edits import Edits
from tests.faults.endings import Endings
from tests.faults.pauses import Pauses
from tests.faults.recorder import Recorder
from tests.services.world import with_channel

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
TELLS = {"SENT": "EMAIL_SENT", "FAILED": "EMAIL_FAILED", "IN_DOUBT": "EMAIL_IN_DOUBT", "BOUNCED": "BOUNCED"}
PLANS = {"EMAIL_ADDED", "EMAIL_MOVED", "EMAIL_WITHDRAWN"}
"""Events about the plan of an email. They do not say that it was sent."""
ENDS = {"CAMPAIGN_LAUNCHED": "ACTIVE", "CAMPAIGN_FINISHED": "FINISHED", "CAMPAIGN_ENDED": "ENDED"}


MIGRATED: list[bytes] = []
"""The bytes of an empty database, of which each example gets a copy."""


async def empty_database(file: Path) -> str:
    """Make a migrated SQLite file, and return its URL."""
    if MIGRATED:
        file.write_bytes(MIGRATED[0])  # noqa: ASYNC240 - nothing else runs
    else:
        await migrated(f"sqlite://{file}")
        MIGRATED.append(file.read_bytes())  # noqa: ASYNC240
    return f"sqlite://{file}"


class AnyOrder(Endings, Pauses, RuleBasedStateMachine):
    """One workspace in real time, with three people in a campaign. The rules move its clock."""

    edited = False

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="touchline-any-order-", dir=folder_in_memory()))
        self.now = START
        self.resent: Counter[str] = Counter()
        self.settled: set[str] = set()
        self.no_more: dict[str, int] = {}
        self.people = 0
        self.may_have_left = 0
        self.patch = pytest.MonkeyPatch()
        for module, name, count in (
            (background_enrolling, "PEOPLE_PER_CHUNK", 2),
            (pause_job, "PEOPLE_HELD_PER_CHUNK", 2),
            (pause_job, "PEOPLE_RELEASED_PER_CHUNK", 1),
            (pausing, "CHUNKS_OF_A_CALLER", 2),
            (edit_job, "PEOPLE_PER_CHUNK", 1),
            (apply_edit, "CHUNKS_OF_A_CALLER", 3),
        ):
            self.patch.setattr(module, name, count)

    def pick(self, data: st.DataObject, rows: list[Any]) -> Any:
        return data.draw(st.sampled_from(sorted(rows, key=lambda row: row.id))) if rows else None

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
        reply = {**email, "send_option": "same_time_as_previous", "follow_up": True}
        await add_step(self.context, self.campaign, day=2, **reply)
        await add_step(self.context, self.campaign, day=2, step_type=StepType.CALL)
        await add_step(self.context, self.campaign, day=3, send_option="task", **email)
        await add_step(self.context, self.campaign, day=3, **reply)
        await add_step(self.context, self.campaign, day=4, **reply)
        await self._launch(3)

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
        # A task that is cancelled may start others, such as the writer of its outcome.
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    @invariant()
    def nobody_gets_what_they_must_not_get(self) -> None:
        for send_id, times in Counter(self.channel.left).items() if hasattr(self, "channel") else ():
            assert times <= 1 + self.resent[send_id], "sent twice"
            assert times <= self.no_more.get(send_id, times), "sent to someone who had left"

    @invariant()
    def follow_ups_reply_to_what_was_sent(self) -> None:
        if not hasattr(self, "channel"):
            return
        for sent in self.channel.threads:
            assert sent.replies_to == (sent.references[-1] if sent.references else None)
            # An edit may have put other steps between them since.
            assert self.edited or list(sent.references) == sent.expected, "threaded below other emails"
            earlier = self.channel.left[: self.channel.left.index(sent.send_id)]
            assert {each.strip("<>").partition("@")[0] for each in sent.references} <= set(earlier), "not sent yet"
        self.channel.threads.clear()

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
        if campaign.paused_at is not None and campaign.resume_requested_at is None:
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
        """Resume everything and let the server accept everything: after some days no email waits."""
        self.channel.outcome = Outcome.SENT
        with suppress(Refusal):
            await resume_campaign(self.context, self.campaign)
        for row in await Launch.filter(status="PAUSED"):
            await resume_launch(self.context, row.id)
        self.now += JOB_LEASE
        await self._jobs()
        for hours in [1] * 4 + [24] * 8 + [1] * 8:
            self.now += timedelta(hours=hours)
            await self.finish_all_tasks()
            while not (await run_once(self.runtime, self.now)).idle:
                pass
        waiting = await Send.filter(status__in=PENDING_STATUSES)
        self.follow_ups_reply_to_what_was_sent()
        assert waiting == [], [(send.status, send.held, send.due_at, self.now) for send in waiting]
        assert not await Launch.filter(status__in=OPEN_LAUNCH_STATUSES).exists()

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


class AnyOrderWithEdits(Edits, AnyOrder):
    """The same while a rep edits the campaign."""


SETTINGS = settings(max_examples=how_many(3, 5), stateful_step_count=25, phases=[Phase.generate], deadline=None)
AnyOrder.TestCase.settings = SETTINGS
AnyOrderWithEdits.TestCase.settings = SETTINGS


@pytest.mark.filterwarnings("ignore")
class TestAnyOrder(AnyOrder.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""


@pytest.mark.filterwarnings("ignore")
class TestAnyOrderWithEdits(AnyOrderWithEdits.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""
