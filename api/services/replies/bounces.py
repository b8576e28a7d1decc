"""Record bounces, mark the people whose address is rejected, and end their campaigns.

A hard bounce marks the person (``bounced_at``). It ends their campaigns that have Remove on Bounce, in the whole
workspace. Other campaigns stay active, and their later emails to the rejected address fail with the reason BOUNCED.
A soft bounce marks only the email.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.codes.people import PersonCode
from api.mail.address import address_key
from api.models import Enrollment, Person, Send
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.states import BounceKind, SendStatus
from api.store import bounces
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import email_event, workspace_event, write
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


@retry_on_deadlock
async def record_bounce(
    context: WorkspaceContext,
    enrollment_id: str,
    *,
    send_id: str | None = None,
    kind: BounceKind = BounceKind.HARD,
    detail: str | None = None,
) -> Enrollment:
    """Record that an email bounced: the one of ``send_id``, else the last that was sent. ``detail`` says why."""
    enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, ("enrollmentId",))
    detail = inputs.line(detail, ("detail",), limit=MAX_DETAIL_CHARACTERS, required=False) if detail else ""
    sent, path = Send.filter(enrollment_id=enrollment.id, status=SendStatus.SENT), ("enrollmentId",)
    if send_id is not None:
        sent, path = (
            sent.filter(id=(await get_or_refuse(Send, context.workspace_id, send_id, ("emailId",))).id),
            ("emailId",),
        )
    send = await sent.order_by("-sent_at", "-step__number").first()
    if send is None:
        raise Refusal.of(PersonCode.NOTHING_SENT, path)
    async with transaction():
        reason, returned = PersonCode.BOUNCED.message("returned")
        changes = {"status": SendStatus.BOUNCED, "reason": reason, "detail": detail or returned}
        if not await Send.filter(id=send.id, status=SendStatus.SENT).update(**changes):
            raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="email")
        data, campaign_id = {"bounce": str(kind), "reason": reason}, enrollment.campaign_id
        await write([email_event(send, EventKind.BOUNCED, context.now, data=data, campaign_id=campaign_id)])
        address = send.recipient or (await Person.get(id=send.person_id)).email
        await settle_bounces([Bounced(send.id, send.person_id, address, kind)], context.now)
    return await Enrollment.get(id=enrollment.id)


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
