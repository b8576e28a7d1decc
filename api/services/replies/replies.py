"""Replies: store them, report them, and end campaigns by them.

A reply cannot stop an email whose transmission has begun. Then both are in the Live Feed: the reply, and EMAIL_CROSSED
for the email.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.incoming import AnswerCode
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.people import PersonCode
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.services.replies.answered import RecordedAnswer, find_answered
from api.services.replies.findings import MAX_TEXT_CHARACTERS, ReplyText
from api.states import EnrollmentStatus, MatchedBy, OnReply, ReplyKind, SendStatus
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Line, email_event, enrollment_event, write
from api.store.replies import answered_emails
from api.store.replies.answered_emails import NewReply
from strategies import Refusal
from strategies.codes import Message

__all__ = ["MAX_TEXT_CHARACTERS", "Replied", "end_by_reply", "record_reply", "settle_replies"]

MAX_REPLIES = 100
"""The most replies to one email that are kept, and the most automatic ones.

A program that answers itself can write more.
"""
MAX_FEED_TEXT_CHARACTERS = 500
"""Characters of a reply's text in its event. The reply has the whole text."""


class Replied(NamedTuple):
    """A reply to an email. ``email`` is a row or model of the email."""

    email: Any
    kind: ReplyKind
    at: datetime
    text: ReplyText
    matched_by: MatchedBy | None


async def settle_replies(replies: Sequence[Replied], now: datetime) -> list[Message | None]:
    """Store replies to emails of one workspace, and end campaigns. Call inside a transaction, with the emails locked.

    Returns for each reply why it changes nothing, or None if it is new. Two mailboxes may have received the same reply.
    """
    counts = await answered_emails.count_replies([each.email.id for each in replies])
    kept = []
    for each in replies:
        place = (each.email.id, str(each.kind))
        counts[place] = counts.get(place, 0) + 1
        if counts[place] <= MAX_REPLIES:
            kept.append(each)
    rows = [
        NewReply(
            answered_emails.new_reply_id(), each.email.workspace_id, each.email.id, each.kind, each.at,
            each.text.sender, each.text.subject, each.text.text, each.text.message_id, each.text.content_key,
            each.matched_by,
        )
        for each in kept
    ]  # fmt: skip
    new_ids = await answered_emails.add_replies(rows)
    new = [(each, row) for each, row in zip(kept, rows, strict=True) if row.id in new_ids]
    await write([_line(each, row.id, now) for each, row in new])
    by_people = [each for each, _ in new if each.kind is ReplyKind.REPLY]
    if by_people:
        await answered_emails.mark_replied(_first_times(by_people))
        await answered_emails.mark_people_replied(_last_times(by_people))
        in_campaigns = [each for each in by_people if each.email.enrollment_id]
        asking = [each.email.enrollment_id for each in in_campaigns if each.text.asks_to_unsubscribe]
        await end_by_reply([each.email.enrollment_id for each in in_campaigns], now, asking=asking)
        await answered_emails.mark_succeeded([each.email.id for each in by_people], now)
    whys = {id(each): AnswerCode.TOO_MANY_REPLIES.message() for each in replies}
    whys |= {id(each): AnswerCode.KNOWN_REPLY.message() for each in kept}
    fresh = {id(each) for each, _ in new}
    return [None if id(each) in fresh else whys[id(each)] for each in replies]


async def end_by_reply(enrollment_ids: Sequence[str], now: datetime, *, asking: Sequence[str] = ()) -> None:
    """End the enrollments whose campaign ends by a reply. Call inside a transaction, after the event of the reply.

    Those in ``asking``, whose reply asks for no more emails, end whatever the campaign's setting is.
    """
    endings = await answered_emails.endings_by_reply(enrollment_ids, asking)
    for on_reply, ids in sorted(endings.items()):
        status = EnrollmentStatus.SUCCEEDED if on_reply == OnReply.END_AS_SUCCESS else EnrollmentStatus.ENDED
        await end_all(ids, now, why=ReasonCode.REPLIED.message(), status=status)
    ended = [enrollment_id for ids in endings.values() for enrollment_id in ids]
    if ended:
        crossed = await answered_emails.in_transmission(ended)
        await write([email_event(row, EventKind.EMAIL_CROSSED, now) for row in crossed])


@retry_on_deadlock
async def record_reply(
    context: WorkspaceContext, enrollment_id: str | None, *, send_id: str | None = None, text: str = ""
) -> RecordedAnswer:
    """Record a person's reply, to the email of ``send_id``, else to the last that was sent in the enrollment.

    The campaign's ``on_reply`` decides whether the campaign ends for them. If no email was sent, the person answered in
    another way, and only the Live Feed has the reply. Raises Refusal.
    """
    place = await find_answered(context, enrollment_id, send_id)
    text = inputs.text(text, ("text",), limit=MAX_TEXT_CHARACTERS)
    async with transaction():
        found = await place.last_sent(SendStatus.SENT, SendStatus.BOUNCED)
        emails = {} if found is None else await answered_emails.by_ids([found.id], lock=True)
        if found is not None and (email := emails.get(found.id)) is None:
            raise Refusal.of(PersonCode.PERSON_ERASED, ("enrollmentId",) if send_id is None else ("emailId",))
        if found is not None:
            reply = Replied(email, ReplyKind.REPLY, context.now, ReplyText(text=text), None)
            await settle_replies([reply], context.now)
        elif place.enrollment is None or send_id is not None:
            raise Refusal.of(PersonCode.NOTHING_SENT, ("emailId",), case="answered")
        else:
            await write([enrollment_event(place.enrollment, EventKind.REPLIED, context.now, data=_data(text))])
            await answered_emails.mark_people_replied([(place.enrollment.person_id, context.now)])
            await end_by_reply([place.enrollment.id], context.now)
    return await place.now(found)


def _first_times(replies: Sequence[Replied]) -> list[tuple[str, datetime]]:
    """Return the first time of a reply to each email."""
    found: dict[str, datetime] = {}
    for each in replies:
        found[each.email.id] = min(each.at, found.get(each.email.id, each.at))
    return sorted(found.items())


def _last_times(replies: Sequence[Replied]) -> list[tuple[str, datetime]]:
    """Return the last time of a reply of each person."""
    found: dict[str, datetime] = {}
    for each in replies:
        found[each.email.person_id] = max(each.at, found.get(each.email.person_id, each.at))
    return sorted(found.items())


def _line(replied: Replied, reply_id: str, now: datetime) -> Line:
    kind = EventKind.REPLIED if replied.kind is ReplyKind.REPLY else EventKind.AUTO_REPLIED
    data: dict[str, Any] = {"reply": reply_id} | _data(replied.text.text)
    if replied.text.sender:
        data["from"] = replied.text.sender
    if replied.matched_by is not None:
        data["matchedBy"] = str(replied.matched_by)
    if replied.text.asks_to_unsubscribe:
        data["asksToUnsubscribe"] = True
    return email_event(replied.email, kind, now, data=data)


def _data(text: str) -> dict[str, str]:
    return {"text": text[:MAX_FEED_TEXT_CHARACTERS]} if text else {}
