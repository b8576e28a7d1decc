"""Edits of the running campaign: sent emails never change, and unsent ones follow the plan."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from api.models import Campaign, Enrollment, Send, Step
from api.services.campaigns.campaigns import add_step, change_step, move_step, remove_step, update_campaign
from api.services.campaigns.editing import recalculating
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.common.live_steps import steps_of
from api.services.dispatch.dispatcher import run_once
from api.services.enrollments.timelines.timeline_rows import uses_planned_time
from api.store.jobs import LEASE
from strategies import Refusal, StepType
from strategies.timeline.records import PlannedSend
from tests.services.world import Killed

OPTIONS: list[dict[str, Any]] = [
    {"send_option": "at_time", "config": {"at": "06:30"}},
    {"send_option": "at_time", "config": {"at": "21:00"}},
    {"send_option": "same_time_as_previous", "config": {}, "follow_up": False},
    {"send_option": "same_time_as_previous", "config": {}, "follow_up": True},
    {"send_option": "task", "config": {}},
]
DAYS = st.integers(1, 6)


class Edits:
    """What a rep does to the steps while the machine runs."""

    do: Callable[[Awaitable[Any]], Any]
    edited: bool
    """Whether anything was edited. Emails that were planned apart may then be planned together."""

    def __init__(self) -> None:
        super().__init__()
        self.settled_sends: dict[str, tuple[Any, ...]] = {}
        """Each sent email, as it was when it was seen first."""

    def rewrites(self: Any, how: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> None:
        self.edited = True
        with suppress(Refusal):
            self.do(how(self.context, *given, **named))

    @rule(data=st.data(), option=st.sampled_from(OPTIONS))
    def changes_a_step(self: Any, data: st.DataObject, option: dict[str, Any]) -> None:
        step = self.pick(data, self.do(Step.filter(campaign_id=self.campaign, type="EMAIL", removed_at=None)))
        if step is not None:
            self.rewrites(change_step, step.id, **option)

    @rule(data=st.data(), day=DAYS)
    def moves_a_step(self: Any, data: st.DataObject, day: int) -> None:
        step = self.pick(data, self.do(Step.filter(campaign_id=self.campaign, removed_at=None)))
        self.rewrites(move_step, step.id, day=day)

    @rule(day=DAYS, option=st.sampled_from([*OPTIONS, None]))
    def adds_a_step(self: Any, day: int, option: dict[str, Any] | None) -> None:
        if self.do(Step.filter(campaign_id=self.campaign, removed_at=None).count()) > 7:
            return
        given: dict[str, Any] = {"step_type": StepType.INMAIL}
        if option is not None:
            given = {"step_type": StepType.EMAIL, "template_id": self.template.id, **option}
        self.rewrites(add_step, self.campaign, day=day, **given)

    @rule(data=st.data())
    def removes_a_step(self: Any, data: st.DataObject) -> None:
        steps = self.do(Step.filter(campaign_id=self.campaign, removed_at=None))
        if len(steps) > 2:
            self.rewrites(remove_step, self.pick(data, steps).id)

    @rule(skip=st.booleans())
    def skips_weekends(self: Any, skip: bool) -> None:
        self.rewrites(update_campaign, self.campaign, skip_weekends=skip)

    @rule(day=DAYS)
    def edits_while_emails_leave(self: Any, day: int) -> None:
        async def move() -> None:
            steps = await steps_of(await Campaign.get(id=self.campaign))
            with suppress(Refusal):
                await move_step(self.context, steps[-1].id, day=day)

        self.edited = True
        self.channel.interrupt = move
        self.do(run_once(self.runtime, self.now))
        self.channel.interrupt = None

    @rule(data=st.data(), day=DAYS, people=st.integers(0, 2))
    def is_killed_while_it_edits(self: Any, data: st.DataObject, day: int, people: int) -> None:
        right, calls = recalculating.rewrite, []

        async def killed(*given: Any, **named: Any) -> Any:
            calls.append(given)
            if len(calls) > people:
                raise Killed
            return await right(*given, **named)

        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            patch.setattr(recalculating, "rewrite", killed)
            self.moves_a_step_to(data, day)
        self.now += LEASE * data.draw(st.sampled_from([0, 1]))

    def moves_a_step_to(self: Any, data: st.DataObject, day: int) -> None:
        step = self.pick(data, self.do(Step.filter(campaign_id=self.campaign, removed_at=None)))
        self.rewrites(move_step, step.id, day=day)

    @invariant()
    def sent_ones_never_change(self: Any) -> None:
        if hasattr(self, "campaign"):
            self.do(self._sent())

    async def _sent(self: Any) -> None:
        rows = {row.id: row for row in await Send.all()}
        assert set(self.channel.left) <= rows.keys(), "an email that left is in no record"
        steps = Counter((rows[key].enrollment_id, rows[key].step_id) for key in set(self.channel.left))
        assert set(steps.values()) <= {1}, "a step came twice, by two emails"
        for key, row in rows.items():
            if row.status == "SENT":
                now = (row.planned_at, row.planned_date, row.planned_time, row.sent_at, row.explanation)
                assert self.settled_sends.setdefault(key, now) == now, "a sent email has changed"

    @invariant()
    def everyone_stands_by_the_plan(self: Any) -> None:
        if hasattr(self, "campaign"):
            self.do(self._plan())

    async def _plan(self: Any) -> None:
        campaign = await Campaign.get(id=self.campaign)
        stale = await Enrollment.filter(status="ACTIVE").exclude(revision=campaign.revision).count()
        if campaign.editing:
            return
        assert stale == 0, "an edit has not come to someone, and nobody will bring it"
        people = [str(each) for each in await Enrollment.filter(status="ACTIVE").values_list("id", flat=True)]
        as_of = campaign.paused_at or campaign.edited_at or campaign.created_at
        steps = await steps_of(campaign)
        planner = await EditPlanner.load(self.context, campaign, steps, as_of)
        found = await planner.changes(people)
        assert found.unresolved == []
        assert (found.emails, found.withdrawn, found.tasks, found.tasks_withdrawn) == ([], [], [], [])
        assert found.tasks_removed == []
        for send, planned in found.moved:
            if uses_planned_time(send) and send.due_at > self.now and not _starts_late(planned, steps):
                told = (steps[planned.number - 1].send_option, send.planned_date, send.planned_time, planned)
                raise AssertionError(f"an email waits for another time than its step says: {told}")


def _starts_late(planned: PlannedSend, steps: list[Step]) -> bool:
    """Say whether an email has its time from day 1.

    If the first email is late, emails of day 1 get the moment at which they are scheduled, which differs by person.
    Emails at the same time as these get it as well.
    """
    day_1 = any(note.code == "SAME_TIME" and note.values["day"] == 1 for note in planned.notes)
    return day_1 or steps[planned.number - 1].day == 1
