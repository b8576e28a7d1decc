"""Plan the people of a background launch. Those of one zone, with the same choices and facts, share a plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.models import Campaign, Enrollment, Launch, Sender, Step
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import FactSource, OwnFacts
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.launched_timelines import launched_timelines, resolve_shared
from api.services.enrollments.timelines.planned_columns import planned_columns
from api.services.enrollments.timelines.timeline_rows import expiry, send_row, task_row
from api.store.engine.bulk import shared
from api.store.launches.background_enrolling import EMAIL_TIMES, OWN_COLUMNS, TASK_DATES, EnrollmentPlan, PlannedRow
from api.store.launches.launch_choices import LaunchChoice
from strategies import Refusal
from strategies.timeline.records import Planned, PlannedSend, PlannedTask, ZoneOf
from strategies.timeline.timeline import SharedTimelines, Timeline

Zone = tuple[str, ZoneOf]
"""A time zone, and whose zone it is."""
PlanKey = tuple[Zone, str, OwnFacts]
"""People of one zone with the same choices and facts share a plan.

The text is the person with choices of their own, or "".
"""
MAX_KEPT_PLANS = 2_000
"""Plans that are kept before older ones are forgotten. Several chunks of people have this many."""


@dataclass(slots=True)
class EnrollmentPlanner:
    """Plans the people of one background launch by the steps that the campaign has."""

    context: WorkspaceContext
    launch: Launch
    campaign: Campaign
    steps: Sequence[Step]
    source: FactSource
    sender: Sender
    choices: Mapping[str, LaunchChoice]
    """The choices of single people."""
    senders: Mapping[str, Sender]
    """The senders of these choices, by id."""
    _plans: dict[PlanKey, EnrollmentPlan | Refusal] = field(default_factory=dict)
    """``plan`` adds to it, and ``forget`` empties it."""
    _older_plans: dict[PlanKey, EnrollmentPlan | Refusal] = field(default_factory=dict)
    """The plans that were known at the last ``forget``. The next chunk of people may need them."""
    _known_rows: dict[tuple[Zone, str], "_Rows"] = field(default_factory=dict)
    """Rows of people of one zone with the same choices. ``_rows`` adds to it, and ``forget`` empties it."""

    @property
    def began(self) -> datetime:
        """The launch time of the remaining people (UTC): when the launch started, or was last resumed."""
        return self.launch.resumed_at or self.launch.launched_at

    @property
    def isolated(self) -> Sequence[str]:
        """The send options of the steps that other processes run."""
        return self.context.installed.send_options.isolated_among(step.send_option for step in self.steps)

    def forget(self) -> None:
        """Forget the older plans if there are many, because most people have facts of their own."""
        if len(self._plans) > MAX_KEPT_PLANS:
            self._older_plans, self._plans = self._plans, {}
            self._known_rows = {}

    def plan(self, key: PlanKey) -> EnrollmentPlan | Refusal:
        """Return the plan of a key, or the refusal. It is calculated once."""
        plan = self._plans.get(key) or self._older_plans.get(key)
        if plan is None:
            try:
                plan = self._make_plan(*key)
            except Refusal as refusal:
                plan = refusal
            self._plans[key] = plan
        return plan

    def sender_of(self, own: str) -> Sender:
        """Return the sender of a person with choices of their own, or the launch's."""
        return self.senders[self.choices[own].sender_id] if own else self.sender

    def _make_plan(self, zone: Zone, own: str, declared: OwnFacts) -> EnrollmentPlan:
        rows = self._rows(zone, own)
        timeline = resolve_shared(self.context, self.campaign, rows.timelines, self.source.facts(declared, self.began))
        # People with the same timeline get the same plan, so that its rows are inserted together.
        if id(timeline) not in rows.plans:
            rows.plans[id(timeline)] = timeline, self._plan_of(rows, timeline)
        return rows.plans[id(timeline)][1]

    def _plan_of(self, rows: "_Rows", timeline: Timeline) -> EnrollmentPlan:
        emails, tasks, allowed = [], [], []
        for planned in timeline.planned:
            if id(planned) not in rows.planned:
                rows.planned[id(planned)] = planned, self._row(rows, planned)
            row = rows.planned[id(planned)][1]
            if isinstance(planned, PlannedSend):
                emails.append(row)
                allowed.append(planned.allowed)
            else:
                tasks.append(row)
        return EnrollmentPlan(rows.enrollment, emails, tasks, allowed)

    def _row(self, rows: "_Rows", planned: Planned) -> PlannedRow:
        if isinstance(planned, PlannedSend):
            return PlannedRow(self._email(rows, planned), _as_stored(planned_columns(planned)))
        return PlannedRow(self._task(rows, planned), self._dates(rows, planned))

    def _rows(self, zone: Zone, own: str) -> "_Rows":
        if (zone, own) not in self._known_rows:
            row, sender = self.choices[own] if own else self.launch, self.sender_of(own)
            example = Enrollment(
                id="", workspace_id=self.launch.workspace_id, campaign_id=self.campaign.id, person_id="",
                sender_id=sender.id, zone=zone[0], zone_of=zone[1],
                launched_at=self.began, send_at=row.send_at, times=dict(row.times), revision=self.campaign.revision,
                launched_revision=self.launch.revision,
            )  # fmt: skip
            timelines = launched_timelines(self.campaign, self.steps, example)
            self._known_rows[zone, own] = _Rows(example, timelines, shared(example, {"id", "person_id"}))
        return self._known_rows[zone, own]

    def _email(self, rows: "_Rows", planned: PlannedSend) -> Mapping[str, Any]:
        """Return the columns of a step's email that do not depend on its times."""
        if planned.number not in rows.emails:
            step, sender_id = self.steps[planned.number - 1], rows.example.sender_id
            row = send_row(self.context, rows.example, step, sender_id, planned)
            rows.emails[planned.number] = shared(row, OWN_COLUMNS.union(EMAIL_TIMES))
        return rows.emails[planned.number]

    def _task(self, rows: "_Rows", planned: PlannedTask) -> Mapping[str, Any]:
        """Return the columns of a step's task that do not depend on its dates."""
        if planned.number not in rows.tasks:
            step = self.steps[planned.number - 1]
            row = task_row(self.context, rows.example, step, self.campaign, planned)
            rows.tasks[planned.number] = shared(row, OWN_COLUMNS.union(TASK_DATES))
        return rows.tasks[planned.number]

    def _dates(self, rows: "_Rows", planned: PlannedTask) -> Mapping[str, Any]:
        return {
            "due_date": planned.due,
            "expires_at": expiry(rows.example, self.campaign, planned.due),
            "explanation": json.dumps(notes_to_json(planned.notes)),
        }


def _as_stored(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an email's time as they are stored."""
    return {**columns, "explanation": json.dumps(columns["explanation"])}


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of people of one zone with the same choices. The planner adds those that it makes."""

    example: Enrollment
    timelines: SharedTimelines
    enrollment: Mapping[str, Any]
    emails: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    tasks: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    plans: dict[int, tuple[Timeline, EnrollmentPlan]] = field(default_factory=dict)
    """The plan of each timeline, by the ``id`` of the timeline."""
    planned: dict[int, tuple[Planned, PlannedRow]] = field(default_factory=dict)
    """The columns of each planned email or task, by its ``id``."""
