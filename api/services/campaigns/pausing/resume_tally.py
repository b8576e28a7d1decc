"""Count the changes of a resume by step, for one person or for a group of people whose facts are equal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.models import Enrollment, Send, Step
from api.services.campaigns.pausing.resume_planner import Change, Changes
from api.services.enrollments.order_warnings import OrderTally
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from api.states import UNTRANSMITTED_STATUSES, WAITING_STATUSES, SendStatus


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """An email's due time (UTC) before and after."""

    before: datetime
    after: datetime


@dataclass(slots=True)
class StepPreview:
    """One step: for how many people its email moves or stays, and the first and last email that moves.

    ``at_once`` counts the emails in ``staying`` that are sent as soon as the campaign is resumed.
    """

    step: int
    moving: int = 0
    staying: int = 0
    at_once: int = 0
    first: Moved | None = None
    last: Moved | None = None

    def add(self, change: Change, people: int) -> None:
        """Count an email that moves for ``people`` people."""
        self.moving += people
        self.staying -= people
        moved = Moved(change.before, change.after)
        self.first = moved if self.first is None else min(self.first, moved)
        self.last = moved if self.last is None else max(self.last, moved)


class ResumeTally:
    """The sums of a resume's changes. ``add`` writes all fields."""

    def __init__(self, steps: Sequence[Step], now: datetime) -> None:
        self._steps = {step.id: StepPreview(step.number) for step in steps}
        self._by_number = {step.step: step for step in self._steps.values()}
        self._numbers = {step.id: step.number for step in steps}
        self._now = now
        self.order = OrderTally(timeline_steps(steps))
        self.people = 0
        self.moving_people = 0
        self.held_emails = 0

    @property
    def steps(self) -> Sequence[StepPreview]:
        """The steps with waiting emails, in order."""
        return [step for step in self._by_number.values() if step.moving or step.staying]

    def add(self, changes: Changes, enrollment: Enrollment, sends: Sequence[Send], people: int = 1) -> None:
        """Add the changes for one person with emails on hold. Each counts for ``people`` people."""
        self.people += people
        self.moving_people += people * len(changes.resumed)
        for send in sends:
            if send.status in WAITING_STATUSES:
                self.held_emails += people
                if send.step_id in self._steps:  # an edit removed the other steps
                    self._steps[send.step_id].staying += people
        for change in changes.emails:
            self._by_number[change.number].add(change, people)
        for number in changes.at_once:
            self._by_number[number].at_once += people
        self._add_order(sends, {each["id"]: each["due_at"] for each in changes.sends}, enrollment.zone, people)

    def _add_order(self, sends: Sequence[Send], after: Mapping[str, datetime], zone: str, people: int) -> None:
        """Count people whose emails would go out in another order. ``after`` maps moved emails to their new times."""
        emails = {
            self._numbers[send.step_id]: send
            for send in sends
            if send.step_id in self._numbers and send.status is not SendStatus.FAILED
        }
        waiting = {number for number, send in emails.items() if send.status in UNTRANSMITTED_STATUSES}
        instants = {
            number: max(after.get(send.id, send.due_at), self._now) if number in waiting else send.planned_at
            for number, send in emails.items()
        }
        if emails:
            self.order.add(instants, waiting, zone, people)
