"""Record bounces, mark the people whose address is rejected, and end their campaigns.

A hard bounce marks the person (``bounced_at``). It ends their campaigns that have Remove on Bounce, in the whole
workspace. Other campaigns stay active, and their later emails to the rejected address fail with the reason BOUNCED.
A soft bounce marks only the email.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.mail.address import address_key
from api.models import Person
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.services.replies.answered import RecordedAnswer, find_answered
from api.states import BounceKind, MatchedBy, SendStatus
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, workspace_event, write
from api.store.replies import answered_emails, bounces
from api.store.replies.answered_emails import NewBounce
from strategies import Refusal

MAX_DETAIL_CHARACTERS = 500


class Bounced(NamedTuple):
    """An email that has just bounced, and the address to which it was sent."""

    send_id: str
    person_id: str
    address: str
    kind: BounceKind


async def refuse_bounced(people: Sequence[Person]) -> None:
    """Refuse people whose address has bounced since the check. It cannot change before the transaction ends."""
    dead = await bounces.bounced([person.id for person in people])
    for index, person in enumerate(people):
        if person.id in dead:
            raise Refusal.of(PersonCode.BOUNCED, ("personIds", str(index)), email=person.email)


async def settle_bounces(bounced: Sequence[Bounced], now: datetime) -> None:
    """Mark bounced people and end their campaigns. Call after the bounce events, in the same transaction."""
    await bounces.mark_emails({each.send_id: str(each.kind) for each in bounced}, now)
    dead = {each.person_id: address_key(each.address) for each in bounced if each.kind is BounceKind.HARD}
    people = await bounces.mark_people(dead, now) if dead else []
    if people and (enrollments := await bounces.enrollments_to_end(people)):
        await end_all(enrollments, now, why=PersonCode.BOUNCED.message("ended"))


class Returned(NamedTuple):
    """A bounce of an email that was sent. ``email`` is a row or model of the email."""

    email: Any
    address: str
    """The address to which the email was sent."""
    kind: BounceKind
    status: str
    """Enhanced status, such as "5.1.1"; empty if there is none."""
    detail: str
    matched_by: MatchedBy | None


async def settle_returned(returned: Sequence[Returned], now: datetime, *, despite_replies: bool = False) -> set[str]:
    """Mark sent emails as bounced, report it, and apply the consequences. Call inside a transaction.

    Returns the ids of the emails that changed; ``answered_emails.mark_bounced`` says which do. Of two bounces of one
    email, the hard one counts. An email with a reply has arrived, so it changes only with ``despite_replies``.
    """
    by_email: dict[str, Returned] = {}
    for each in sorted(returned, key=lambda one: one.kind is BounceKind.HARD):
        by_email[each.email.id] = each
    reason, text = PersonCode.BOUNCED.message("returned")
    changed = await answered_emails.mark_bounced(
        [NewBounce(key, str(each.kind), reason, each.detail or text) for key, each in sorted(by_email.items())],
        despite_replies=despite_replies,
    )
    settled = [each for key, each in sorted(by_email.items()) if key in changed]
    lines = []
    for each in settled:
        data = {"bounce": str(each.kind), "reason": reason}
        data |= {"status": each.status} if each.status else {}
        data |= {"detail": each.detail} if each.detail else {}
        data |= {"matchedBy": str(each.matched_by)} if each.matched_by is not None else {}
        lines.append(email_event(each.email, EventKind.BOUNCED, now, data=data))
    await write(lines)
    if settled:
        bounced = [Bounced(each.email.id, each.email.person_id, each.address, each.kind) for each in settled]
        await settle_bounces(bounced, now)
    return changed


@retry_on_deadlock
async def record_bounce(
    context: WorkspaceContext,
    enrollment_id: str | None,
    *,
    send_id: str | None = None,
    kind: BounceKind = BounceKind.HARD,
    detail: str | None = None,
) -> RecordedAnswer:
    """Record that an email bounced: the one of ``send_id``, else the last that was sent in the enrollment.

    ``detail`` says why. Raises Refusal.
    """
    place = await find_answered(context, enrollment_id, send_id)
    detail = inputs.line(detail, ("detail",), limit=MAX_DETAIL_CHARACTERS, required=False) if detail else ""
    send = await place.last_sent(SendStatus.SENT)
    path = ("enrollmentId",) if send_id is None else ("emailId",)
    if send is None and send_id is None:
        raise Refusal.of(PersonCode.NOTHING_SENT, path)
    if send is None:
        raise Refusal.of(PersonCode.NOTHING_SENT, path, case="bounced")
    async with transaction():
        address = send.recipient or (await Person.get(id=send.person_id)).email
        returned = Returned(send, address, kind, "", detail, None)
        if not await settle_returned([returned], context.now, despite_replies=True):
            raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="email")
    return await place.now(send)


@retry_on_deadlock
async def clear_bounce(context: WorkspaceContext, person_id: str) -> Person:
    """Allow emails to a person's address again. Ended campaigns stay ended. A second call changes nothing."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    if person.bounced_at is None:
        return person
    async with transaction():
        if await Person.filter(id=person.id, bounced_at__isnull=False).update(bounced_at=None):
            await write(
                [workspace_event(context.workspace_id, EventKind.BOUNCE_CLEARED, context.now, person_id=person.id)]
            )
    return await Person.get(id=person.id)
