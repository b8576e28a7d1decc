"""Check that each person got the emails of the plan, and that each follow-up replies to the email before it."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import NamedTuple

from api.models import Enrollment, Event, Send, Step
from tests.faults.sink import Sink


class Row(NamedTuple):
    """An email as the database has it. ``number`` is the one of its step."""

    enrollment: str
    number: int
    day: int
    id: str
    status: str
    by_hand: bool
    message_id: str | None
    planned_at: datetime
    planned_time: str
    sent_at: datetime | None


COLUMNS = (
    "enrollment_id", "step__number", "step__day", "id", "status",
    "by_hand", "message_id", "planned_at", "planned_time", "sent_at",
)  # fmt: skip
"""The columns of a ``Row``, in its order."""


async def wrong_threads(sink: Sink, now: datetime) -> list[str]:
    """Compare the emails that the server took with the plan. Returns a sentence for each kind of difference."""
    rows = [Row(*values) for values in await Send.all().values_list(*COLUMNS)]
    doubted = set(await Event.filter(kind="EMAIL_IN_DOUBT").values_list("send_id", flat=True))
    people: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        people[row.enrollment][row.number] = row
    found: Counter[str] = Counter()
    for emails in people.values():
        for row in emails.values():
            found.update(_wrong(row, emails.get(row.number - 1), sink, doubted))
    found["sent before its time, or not scheduled"] += sum(
        row.planned_at > now and (row.status != "SCHEDULED" or row.id in sink.received) for row in rows
    )
    found["missing though the plan has them"] += await _missing(people)
    return [f"{times} emails: {problem}" for problem, times in found.items() if times]


async def _missing(people: dict[str, dict[int, Row]]) -> int:
    """Count the emails of the plan that were never scheduled."""
    steps = Counter(await Step.all().values_list("campaign_id", flat=True))
    enrollments = await Enrollment.all().values_list("id", "campaign_id")
    return sum(steps[campaign] - len(people[enrollment]) for enrollment, campaign in enrollments)


def _wrong(row: Row, previous: Row | None, sink: Sink, doubted: set[str]) -> list[str]:
    """Return what is wrong with one email. ``previous`` is the email that it replies to; None for a first email."""
    problems = []
    if previous is not None and row.planned_time not in _same_times(row, previous):
        problems.append("not at the same time as the previous email")
    arrived = sink.headers(row.id)
    if arrived is None:
        return problems
    if previous is None:
        return problems + ["a first email is a reply"] * (arrived.in_reply_to is not None)
    if not arrived.subject.startswith("Re: Hi P"):
        problems.append("a follow-up has another subject")
    if arrived.in_reply_to is None and arrived.references is None:
        # Nobody knew whether the previous email had been sent when this one was.
        return problems + ["a follow-up is no reply"] * (previous.id not in doubted)
    if {arrived.in_reply_to, arrived.references} != {previous.message_id}:
        problems.append("a follow-up replies to another email")
    before = sink.headers(previous.id)
    if before is None or before.position > arrived.position:
        problems.append("a follow-up arrived before the email that it replies to")
    return problems


def _same_times(row: Row, previous: Row) -> set[str]:
    """Return the times of day that a follow-up can have: those of the previous email.

    It counts with the time at which a rep's email was really sent, to the second. On the same day the follow-up was
    planned with the task, and keeps that time if it was claimed before the rep's email was sent.
    """
    if not previous.by_hand or previous.sent_at is None:
        return {previous.planned_time}
    sent = previous.sent_at.time().isoformat("seconds")
    return {sent} if row.day > previous.day else {sent, previous.planned_time}
