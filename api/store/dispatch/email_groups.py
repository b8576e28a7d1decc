"""PostgreSQL: commit a group of sent emails, and of emails whose transmission begins, in one exchange.

The function ``commit_email_group`` of the database does in one transaction what ``transmissions.settle``,
``transmissions.begin_transmission``, ``sent_contents.keep``, ``enrollments.finish`` and ``events.write`` do. The
conditions of its statements are theirs, which a test compares.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from api.codes.events.event_kinds import EventKind
from api.ids import new_id
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.dispatch.send_outcome import SendOutcome
from api.store.dispatch.transmissions import Counted
from api.store.emails.sent_contents import PackedContent
from api.store.engine.sql import execute, text_array
from api.store.events.event_actor import actor_of
from api.store.events.event_wake import event_written
from api.store.events.events import Line

TEXT_ARRAYS = (
    *("sent_ids", "sent_attempts", "sent_details", "event_ids", "event_campaigns", "event_data", "finish_event_ids"),
    *(
        "begin_ids",
        "begin_attempts",
        "message_ids",
        "recipients",
        "template_ids",
        "step_ids",
        "content_ids",
        "base_ids",
    ),
)
"""The arguments that are passed as literals."""
VALUES = ("sent_times", "event_actor", "attempt_dates", "new_lease", "packed_contents", "content_time")
CALL = "SELECT settled_ids, begun_ids, finished_campaigns FROM commit_email_group({})".format(
    ", ".join(
        f"{name} => ${number}{'::text::text[]' if name in TEXT_ARRAYS else ''}"
        for number, name in enumerate((*TEXT_ARRAYS, *VALUES), 1)
    )
)


class Committed(NamedTuple):
    """The ids of the rows that a group has changed. Its other emails are as they were."""

    settled: frozenset[str]
    begun: frozenset[str]
    finished_campaigns: Sequence[str]
    """The campaigns of the people who have finished."""


async def commit_group(
    sent: Sequence[SendOutcome],
    lines: Sequence[Line],
    beginning: Sequence[tuple[ClaimedEmail, str]],
    recipients: Mapping[str, str],
    counted: Mapping[str, Counted],
    contents: Sequence[PackedContent],
    now: datetime,
    lease_until: datetime,
) -> Committed:
    """Commit a group in a transaction of its own. ``now`` and ``lease_until`` are UTC.

    ``lines`` has the event of each outcome in ``sent``. ``beginning``, ``recipients`` and ``counted`` are those of
    ``begin_transmission``. ``contents`` are stored for the emails that begin, and their bases must be stored already.

    Unlike ``begin_transmission``, this puts no email on hold. It begins none if one of their campaigns is paused, being
    edited or being ended.
    """
    sends = [send for send, _ in beginning]
    arrays: tuple[Sequence[str | None], ...] = (
        [outcome.send.id for outcome in sent],
        [outcome.send.attempt_id for outcome in sent],
        [outcome.detail for outcome in sent],
        [new_id("evt") for _ in sent],
        [line.campaign_id for line in lines],
        [line.data for line in lines],
        [new_id("evt") for _ in sent],
        [send.id for send in sends],
        [send.attempt_id for send in sends],
        [message_id for _, message_id in beginning],
        [recipients[send.id] for send in sends],
        [counted[send.id].template_id for send in sends],
        sorted({send.step_id for send in sends if send.step_id is not None}),
        [content.send_id for content in contents],
        [content.base.id for content in contents],
    )
    (row,) = await execute(
        CALL,
        *map(text_array, arrays),
        [outcome.at for outcome in sent],
        actor_of(EventKind.EMAIL_SENT, "{}"),
        [counted[send.id].attempted_on for send in sends],
        lease_until,
        [content.packed for content in contents],
        now,
    )
    if sent:
        event_written()
    settled, begun, finished = (row[name] or () for name in ("settled_ids", "begun_ids", "finished_campaigns"))
    return Committed(frozenset(settled), frozenset(begun), finished)
