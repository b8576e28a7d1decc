"""Whatever happens in whatever order: nobody gets what they must not get, and the feed tells the state."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.models import Enrollment, Event, Send, Task
from api.services.campaigns import add_step, create_campaign
from api.services.dispatch import Dispatcher, run_once
from api.services.emails import resolve_in_doubt, retry_send
from api.services.feedback import end_campaign, end_enrollment, record_bounce, record_reply, unsubscribe
from api.services.launch import Choice, launch
from api.services.people import create_person
from api.services.post import Post
from api.services.senders import create_sender
from api.services.tasks import complete_task
from api.services.templates import create_template, update_template
from api.services.workspaces import create_workspace
from api.store.database import close_database, migrate, open_database
from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session
from plugins.manager import load
from strategies import Refusal, StepType

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
TELLS = {"SENT": "EMAIL_SENT", "FAILED": "EMAIL_FAILED", "IN_DOUBT": "EMAIL_IN_DOUBT", "BOUNCED": "BOUNCED"}
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

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        await self._maybe("before")
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


class AnyOrder(RuleBasedStateMachine):
    """One workspace in real time, whose clock the rules move."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="touchline-any-order-"))
        self.now = START
        self.resent: Counter[str] = Counter()
        self.settled: set[str] = set()
        """Doubts of which a person said that they arrived."""
        self.no_more: dict[str, int] = {}
        """How often a send had left when its person left the campaign."""
        self.people = 0

    def do(self, work: Awaitable[Any]) -> Any:
        async def doing() -> Any:
            return await work

        return self.runner.run(doing())

    @initialize()
    def author(self) -> None:
        self.do(self._author())

    async def _author(self) -> None:
        await open_database(f"sqlite://{self.folder}/touchline.db")
        await migrate()
        self.channel = Recorder()
        installed = load({})
        installed = replace(installed, channels={**installed.channels, "recorder": self.channel})
        self.post = Post(installed, lambda: self.now, lambda person: None, lambda: None, lease=LEASE)
        self.scope = self.post.scope(await create_workspace("W", START))
        sender = await create_sender(self.scope, name="G", email="g@example.com", zone="UTC", channel="recorder")
        self.template = await create_template(self.scope, name="T", subject="Hi", html="<p>x</p>")
        self.campaign = (await create_campaign(self.scope, name="C", sender_id=sender.id)).id
        email: dict[str, Any] = {"template_id": self.template.id, "step_type": StepType.EMAIL}
        await add_step(self.scope, self.campaign, day=1, send_option="choose_at_launch", **email)
        await add_step(self.scope, self.campaign, day=2, send_option="same_time_as_previous", **email)
        await add_step(self.scope, self.campaign, day=2, step_type=StepType.CALL)
        await add_step(self.scope, self.campaign, day=3, send_option="same_time_as_previous", **email)

    @rule(count=st.integers(1, 3))
    def launch(self, count: int) -> None:
        self.do(self._launch(count))

    async def _launch(self, count: int) -> None:
        self.people += count
        names = range(self.people - count, self.people)
        ids = [(await create_person(self.scope, f"p{number}@example.com")).id for number in names]
        await launch(self.scope, self.campaign, ids, Choice("NOW"), {})

    @rule(hours=st.sampled_from([0, 0.1, 1, 24, 30]))
    def tick(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.do(run_once(self.post, self.now))

    @rule(outcome=st.sampled_from([each for each in Outcome if each is not Outcome.WITHDRAWN]))
    def the_server_changes_its_mind(self, outcome: Outcome) -> None:
        self.channel.outcome = outcome

    @rule(where=st.sampled_from(["before", "after"]))
    def crash(self, where: str) -> None:
        self.do(self._crash(where))
        self.now += LEASE + timedelta(seconds=1)

    async def _crash(self, where: str) -> None:
        self.channel.hang, self.channel.hanging = where, asyncio.Event()
        dispatcher = Dispatcher(self.post)
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
    def edit(self) -> None:
        self.do(update_template(self.scope, self.template.id, subject=f"Hi {self.now:%H:%M}"))

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
                self.do(how(self.scope, chosen.id))
                self.gone([chosen.id])

    @rule(data=st.data())
    @precondition(lambda self: self.people)
    def unsubscribes(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Enrollment.all()))
        self.do(unsubscribe(self.scope, chosen.person_id))
        self.gone([chosen.id])

    @rule()
    def ends_for_all(self) -> None:
        active = self.do(Enrollment.filter(status="ACTIVE"))
        self.do(end_campaign(self.scope, self.campaign))
        self.gone([row.id for row in active])

    @rule(data=st.data(), resolution=st.sampled_from(["SENT", "RESEND"]))
    def settles_a_doubt(self, data: st.DataObject, resolution: Any) -> None:
        chosen = self.pick(data, self.do(Send.filter(status="IN_DOUBT")))
        if chosen is not None:
            with suppress(Refusal):
                self.do(resolve_in_doubt(self.scope, chosen.id, resolution))
                self.resent[chosen.id] += resolution == "RESEND"
                if resolution == "SENT":
                    self.settled.add(chosen.id)

    @rule(data=st.data())
    def retries(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Send.filter(status__in=["FAILED", "BOUNCED"])))
        if chosen is not None:
            with suppress(Refusal):
                self.do(retry_send(self.scope, chosen.id))
                self.resent[chosen.id] += 1

    @rule(data=st.data())
    def completes_a_task(self, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Task.filter(status="OPEN")))
        if chosen is not None:
            self.do(complete_task(self.scope, chosen.id))

    @invariant()
    def nobody_gets_what_they_must_not_get(self) -> None:
        for send_id, times in Counter(self.channel.left).items() if hasattr(self, "channel") else ():
            assert times <= 1 + self.resent[send_id], "sent twice"
            assert times <= self.no_more.get(send_id, times), "sent to someone who had left"

    @invariant()
    def the_feed_tells_the_state(self) -> None:
        if hasattr(self, "template"):
            self.do(self._feed())

    async def _feed(self) -> None:
        emails: dict[str, str] = {}
        campaigns: dict[str, str] = {}
        for event in await Event.all().order_by("id"):
            if event.send_id and (event.kind.startswith("EMAIL_") or event.kind == "BOUNCED"):
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
        self.do(close_database())
        self.runner.close()
        shutil.rmtree(self.folder)


AnyOrder.TestCase.settings = settings(max_examples=20, stateful_step_count=25, phases=[Phase.generate])


@pytest.mark.filterwarnings("ignore")
class TestAnyOrder(AnyOrder.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""
