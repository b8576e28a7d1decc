"""Plan an edit: recalculate people's unsent emails and open tasks by the edited steps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.common.loop_slices import LoopSlices
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource, OwnFacts
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.partial_timelines import NOTHING, PartialTimeline, Unresolved, resolve_possible
from api.services.enrollments.timelines.task_dates import campaign_date
from api.services.enrollments.timelines.timeline_rows import (
    launch_choices,
    resolve,
    scheduled_steps,
    slot,
    step_records,
    uses_planned_time,
)
from api.states import WAITING_STATUSES, EnrollmentStatus, SendStatus, TaskStatus
from api.store.dispatch.allowed_time_rows import allowed_times_id
from api.store.enrollments.fact_changes import FACTS_CHANGED
from strategies import Note, Refusal
from strategies.questions import QuestionCollector
from strategies.timeline.edit_plan import Edit, edit
from strategies.timeline.records import PlannedSend, PlannedTask
from strategies.timeline.timeline import Timeline

# The columns that are read. Many rows are read, so no other columns are.
SEND_COLUMNS = (
    *("id", "workspace_id", "enrollment_id", "step_id", "person_id", "status", "attempts", "by_hand", "due_at"),
    *("planned_at", "planned_date", "planned_time", "zone", "explanation", "allowed_times_id"),
)
TASK_COLUMNS = (
    *("id", "workspace_id", "enrollment_id", "step_id", "person_id", "status", "due_date", "planned_date", "done_at"),
    *("expires_at", "paused_seconds", "explanation", "name", "details", "priority", "type"),
)
ENROLLMENT_COLUMNS = (
    *("id", "workspace_id", "campaign_id", "person_id", "sender_id", "zone", "zone_of"),
    *("launched_at", "send_at", "times", "resumed", "status", "revision", "launched_revision", "waits_from"),
)
TRANSMITTING_OR_IN_DOUBT = (SendStatus.TRANSMITTING, SendStatus.IN_DOUBT)
MAX_KEPT_TIMELINES = 1_000
"""Timelines that are kept. People with the same facts share one."""
HISTORY_CODES = ("EDITED", "TASK_EDITED", "PERSON_CHANGED", "TASK_PERSON_CHANGED", "LATE")
"""Codes of notes about changes of a plan, not about how its time was calculated."""


@dataclass(slots=True)
class EditChanges:
    """The changes that an edit makes for some people: current rows, each with its new plan."""

    people: list[Enrollment] = field(default_factory=list)
    moved: list[tuple[Send, PlannedSend]] = field(default_factory=list)
    reexplained: list[tuple[Send, PlannedSend]] = field(default_factory=list)
    """Emails that keep their time but get another explanation."""
    stays: list[Send] = field(default_factory=list)
    """Waiting emails that keep their time, including those in ``reexplained``."""
    settled: list[Send] = field(default_factory=list)
    """Emails that are sent or have failed."""
    in_hand: list[Send] = field(default_factory=list)
    """Emails in doubt, or in transmission. People with an email in transmission are recalculated after it."""
    emails: list[tuple[Enrollment, Step, PlannedSend]] = field(default_factory=list)
    """Emails that the edit schedules."""
    withdrawn: list[Send] = field(default_factory=list)
    """Emails that the edit takes off the schedule."""
    removed: list[Send] = field(default_factory=list)
    """Waiting emails of removed steps."""
    tasks_moved: list[tuple[Enrollment, Step, Task, PlannedTask]] = field(default_factory=list)
    tasks_stay: list[tuple[Enrollment, Step, Task]] = field(default_factory=list)
    tasks_done: list[Task] = field(default_factory=list)
    tasks: list[tuple[Enrollment, Step, PlannedTask]] = field(default_factory=list)
    tasks_withdrawn: list[Task] = field(default_factory=list)
    tasks_removed: list[Task] = field(default_factory=list)
    passed: list[Step] = field(default_factory=list)
    """One entry for each person who has already passed an added step."""
    unresolved: list[tuple[Enrollment, Unresolved]] = field(default_factory=list)
    """People for whom a send option failed. Their emails and tasks from its step on stay as they are."""
    changed_people: set[str | None] = field(default_factory=set)
    """The enrollments that are recalculated because a fact about the person has changed, and not by an edit."""


@dataclass(slots=True)
class EditPlanner:
    """Recalculates the people of one campaign by ``steps``. People with the same facts share one calculation.

    ``now`` (UTC) is the time of the edit. If the campaign is paused, it is the time of the pause: emails that became
    overdue since then wait for the resume.
    """

    context: WorkspaceContext
    campaign: Campaign
    steps: Sequence[Step]
    now: datetime
    source: FactSource
    again: bool = False
    """Whether these people already wait for a send option. If it still fails for them, their rows stay unchanged."""
    timelines: dict[str, PartialTimeline] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, context: WorkspaceContext, campaign: Campaign, steps: Sequence[Step], now: datetime
    ) -> "EditPlanner":
        """Return a planner with the facts that the send options of the steps declare."""
        return cls(context, campaign, steps, now, await FactSource.load(context, campaign, steps))

    async def changes(self, enrollment_ids: Sequence[str]) -> EditChanges:
        """Return the edit's changes for these enrollments, as far as they are active. Writes nothing."""
        ids, found = list(enrollment_ids), EditChanges()
        active = Enrollment.filter(id__in=ids, status=EnrollmentStatus.ACTIVE)
        people = await active.order_by("id").only(*ENROLLMENT_COLUMNS)
        sends: dict[str | None, list[Send]] = {row.id: [] for row in people}
        tasks: dict[str | None, list[Task]] = {row.id: [] for row in people}
        for send in await Send.filter(enrollment_id__in=list(sends)).only(*SEND_COLUMNS):
            sends[send.enrollment_id].append(send)
        for task in await Task.filter(enrollment_id__in=list(tasks)).only(*TASK_COLUMNS):
            tasks[task.enrollment_id].append(task)
        own = await self.source.people({row.person_id for row in people})
        questions, slices = QuestionCollector(), LoopSlices()
        for enrollment in people:
            await slices.turn()
            facts = own.get(enrollment.person_id, NO_OWN_FACTS)
            with questions:
                self.add(found, enrollment, sends[enrollment.id], tasks[enrollment.id], facts)
        questions.raise_any()
        return found

    def add(
        self,
        found: EditChanges,
        enrollment: Enrollment,
        sends: Sequence[Send],
        tasks: Sequence[Task],
        own: OwnFacts,
    ) -> None:
        """Add one active person's changes to ``found``. ``own`` are their facts, of ``source``."""
        found.people.append(enrollment)
        if enrollment.revision == FACTS_CHANGED:
            found.changed_people.add(enrollment.id)
        for send in sends:
            if send.status is SendStatus.CLAIMED:  # the edit releases it, because its transmission has not started
                send.status = SendStatus.DEFERRED if send.attempts else SendStatus.SCHEDULED
        timeline, unresolved = self._timeline(enrollment, sends, tasks, own)
        numbers = {step.id: step.number for step in self.steps}
        emails = {numbers[send.step_id]: send for send in sends if send.step_id in numbers and uses_planned_time(send)}
        undone = {numbers[task.step_id]: task for task in tasks if task.step_id in numbers and task.done_at is None}
        self._sort_out_undecided(found, numbers, sends, tasks)
        if unresolved is not None and self.again:
            found.unresolved.append((enrollment, unresolved))
            return
        if unresolved is not None:
            found.unresolved.append((enrollment, unresolved))
            later = range(unresolved.number, len(self.steps) + 1)
            found.stays += [emails.pop(number) for number in later if number in emails]
            found.tasks_stay += [
                (enrollment, self.steps[number - 1], undone.pop(number)) for number in later if number in undone
            ]
        found.passed += [self.steps[number - 1] for number in timeline.passed_steps]
        done = edit(
            timeline.planned,
            {number: slot(send) for number, send in emails.items()},
            {number: campaign_date(task) for number, task in undone.items() if task.status is TaskStatus.OPEN},
            [number for number, task in undone.items() if task.status is not TaskStatus.OPEN],
            self.now,
        )
        self._emails(found, enrollment, done, emails)
        # A task whose email a rep has scheduled stays, also after a new task: it is done when the email is sent.
        by_hand = {numbers[send.step_id] for send in sends if send.by_hand and send.step_id in numbers}
        done.tasks_withdrawn = [number for number in done.tasks_withdrawn if number not in by_hand]
        self._tasks(found, enrollment, done, undone)

    def _sort_out_undecided(
        self, found: EditChanges, numbers: dict[str, int], sends: Iterable[Send], tasks: Iterable[Task]
    ) -> None:
        """Sort out rows that the plan does not decide: finished, in transmission, in doubt, or of a removed step."""
        for send in sends:
            if send.status in TRANSMITTING_OR_IN_DOUBT:
                found.in_hand.append(send)
            elif send.status not in WAITING_STATUSES:
                found.settled.append(send)
            elif send.step_id not in numbers:
                found.removed.append(send)
            elif not uses_planned_time(send):
                found.stays.append(send)
        for task in tasks:
            if task.done_at is not None:
                found.tasks_done.append(task)
            elif task.step_id not in numbers:
                found.tasks_removed.append(task)

    def _emails(self, found: EditChanges, enrollment: Enrollment, done: Edit, emails: dict[int, Send]) -> None:
        found.moved += [(emails[each.number], each) for each in done.moved]
        found.stays += [emails[each.number] for each in done.stays]
        found.reexplained += [
            (emails[each.number], each) for each in done.stays if _needs_new_explanation(emails[each.number], each)
        ]
        found.withdrawn += [emails[number] for number in done.withdrawn]
        for planned in done.added:
            if isinstance(planned, PlannedSend):
                found.emails.append((enrollment, self.steps[planned.number - 1], planned))

    def _tasks(self, found: EditChanges, enrollment: Enrollment, done: Edit, undone: dict[int, Task]) -> None:
        for planned in done.added:
            if isinstance(planned, PlannedTask):
                found.tasks.append((enrollment, self.steps[planned.number - 1], planned))
        for each in done.tasks_moved:
            found.tasks_moved.append((enrollment, self.steps[each.number - 1], undone[each.number], each))
        withdrawn = set(done.tasks_withdrawn)
        moved = {each.number for each in done.tasks_moved}
        for number, task in undone.items():
            if number in withdrawn:
                found.tasks_withdrawn.append(task)
            elif number not in moved:
                found.tasks_stay.append((enrollment, self.steps[number - 1], task))

    def _timeline(
        self, enrollment: Enrollment, sends: Sequence[Send], tasks: Sequence[Task], own: OwnFacts
    ) -> PartialTimeline:
        """Recalculate one person, up to the first step whose send option fails."""
        happened = step_records(self.steps, sends, tasks)
        launched = launch_choices(enrollment, self.steps)
        key = repr((enrollment.zone, launched, enrollment.resumed, sorted(happened.items())))
        scheduled = scheduled_steps(self.steps, sends, tasks)
        key += repr((enrollment.launched_revision, scheduled, own, enrollment.waits_from if self.again else None))
        if len(self.timelines) >= MAX_KEPT_TIMELINES:
            self.timelines.clear()
        if key not in self.timelines:
            facts = self.source.facts(own, enrollment.launched_at)

            def resolve_steps(steps: Sequence[Step]) -> Timeline:
                return resolve(
                    self.context, self.campaign, steps, enrollment, happened, self.now, facts, scheduled=scheduled
                )

            self.timelines[key] = (
                self._resolve_all(enrollment, resolve_steps)
                if self.again
                else resolve_possible(self.context, self.steps, happened, resolve_steps)
            )
        return self.timelines[key]

    def _resolve_all(self, enrollment: Enrollment, resolve: Callable[[Sequence[Step]], Timeline]) -> PartialTimeline:
        """Resolve all steps, or none. An option that fails is called once."""
        try:
            return PartialTimeline(resolve(self.steps))
        except Refusal as refusal:
            return PartialTimeline(NOTHING, Unresolved(enrollment.waits_from or 1, refusal.code))


def _needs_new_explanation(send: Send, planned: PlannedSend) -> bool:
    """Whether the plan explains an email's time differently than its stored explanation, or allows other times."""
    present = [note for note in send.explanation if note[0] not in HISTORY_CODES]
    if send.allowed_times_id != allowed_times_id(planned.allowed):
        return True
    return present != notes_to_json(note for note in planned.notes if note.code not in HISTORY_CODES)


def explanation_of_move(send: Send, planned: PlannedSend, *, person_changed: bool) -> list[list[object]]:
    """Return the explanation of an email that moves, with its previous time."""
    code = "PERSON_CHANGED" if person_changed else "EDITED"
    before = Note(code, {"date": send.planned_date.isoformat(), "time": send.planned_time})
    return notes_to_json((*planned.notes, before))
