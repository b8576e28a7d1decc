"""The filter of emails: which states and dates it means, as conditions on rows of ``send``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.states import SendStatus
from api.store.emails.emails import FOLDERS
from api.store.engine.listing.listing_statement import Condition
from api.store.replies.answer_conditions import NO_ANSWERS, Answers

STATES = [(status, archived) for status in SendStatus for archived in (False, True)]


@dataclass(frozen=True, slots=True)
class EmailFilter:
    """Which emails: those that meet every condition that is not None. An empty list matches no email."""

    folder: str | None = None
    statuses: Sequence[SendStatus] | None = None
    campaign_id: str | None = None
    step_id: str | None = None
    person_id: str | None = None
    sender_id: str | None = None
    reason: str | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    sent_from: datetime | None = None
    sent_before: datetime | None = None
    failed_from: datetime | None = None
    failed_before: datetime | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    answers: Answers = NO_ANSWERS
    search: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the filter is a folder or all emails. The database keeps the numbers of these."""
        return self == EmailFilter(folder=self.folder)

    @property
    def is_one_answer(self) -> bool:
        """Whether the filter is one fact about answers and nothing else. An index has these emails."""
        return self == EmailFilter(answers=self.answers) and [*self.answers.facts().values()] == [True]

    def states(self) -> list[tuple[SendStatus, bool]]:
        """Return the statuses that an email can have, each with whether it is archived."""
        statuses, archived = FOLDERS[self.folder] if self.folder else (tuple(SendStatus), (False, True))
        chosen = set(SendStatus if self.statuses is None else self.statuses)
        if self.failed_from is not None or self.failed_before is not None:
            chosen &= {SendStatus.FAILED}
        return [
            (status, is_archived)
            for status, is_archived in STATES
            if status in statuses and is_archived in archived and status in chosen
        ]

    def are_all(self, status: SendStatus) -> bool:
        """Whether all emails of the filter have this status, and so the time that belongs to it."""
        return all(other is status for other, _ in self.states())

    def created(self) -> Iterator[Condition]:
        """Yield the conditions on the creation times of emails, which no index has."""
        if self.created_from is not None:
            yield Condition("created_at >= {}", (self.created_from,))
        if self.created_before is not None:
            yield Condition("created_at < {}", (self.created_before,))

    def dates(self) -> dict[str, list[Condition]]:
        """Return the conditions on dates by their column, for the columns that have some."""
        limits = (
            ("due_at", self.due_from, self.due_before),
            ("sent_at", self.sent_from, self.sent_before),
            ("failed_at", self.failed_from, self.failed_before),
        )
        found = {
            column: [
                *([] if first is None else [Condition(f"{column} >= {{}}", (first,))]),
                *([] if end is None else [Condition(f"{column} < {{}}", (end,))]),
            ]
            for column, first, end in limits
        }
        return {column: conditions for column, conditions in found.items() if conditions}
