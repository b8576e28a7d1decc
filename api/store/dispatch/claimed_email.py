"""A claimed email: the columns that a claim returns."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, instant


class ClaimedEmail(NamedTuple):
    """A send that this process owns until its lease ends."""

    id: str
    attempt_id: str
    workspace_id: str
    enrollment_id: str | None
    """None outside campaigns, as is ``step_id``."""
    step_id: str | None
    person_id: str
    sender_id: str
    sandbox: bool
    by_hand: bool
    subject: str | None
    html: str | None
    written_as_template: bool
    zone: str
    attempts: int
    due_at: datetime
    message_id: str | None
    """The Message-ID of an earlier attempt. Every later attempt has the same."""
    allowed_times_id: str | None = None
    """The ranges of time in which it can be sent, by their id; None: at any time."""


def read_claimed(rows: Sequence[Row]) -> list[ClaimedEmail]:
    """Return the rows of a claim, the earliest first."""
    claimed = [ClaimedEmail._make(found.values()) for found in rows]
    if not is_postgres():
        claimed = [
            send._replace(
                sandbox=bool(send.sandbox),
                by_hand=bool(send.by_hand),
                written_as_template=bool(send.written_as_template),
                due_at=instant(send.due_at),
            )
            for send in claimed
        ]
    return sorted(claimed, key=lambda send: (send.due_at, send.id))
