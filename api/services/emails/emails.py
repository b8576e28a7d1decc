"""Retry an email, settle one in doubt, or archive one."""

from datetime import datetime
from typing import Any, Literal

from api.codes.campaigns import CampaignCode
from api.codes.emails import EmailCode
from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.models import Enrollment, Person, Send
from api.services.common.context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.people.reachability import refuse_unreachable
from api.services.tasks.closing import complete_task_of_email
from api.states import MAY_GET_EMAILS, UNDELIVERED_STATUSES, SendStatus
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import email_event, write
from api.store.transactional import transactional_steps
from strategies import Refusal


@retry_on_deadlock
async def retry_send(context: WorkspaceContext, send_id: str) -> Send:
    """Send an undelivered email immediately. Raises Refusal, for example if the address is suppressed."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status not in UNDELIVERED_STATUSES:
        raise Refusal.of(EmailCode.NOT_UNDELIVERED, ("id",), status=send.status.lower())
    async with transaction():
        await refuse_paused_or_ending((await _check_sendable(context, send)).campaign_id, ("id",))
        again: dict[str, Any] = {"status": SendStatus.SCHEDULED, "due_at": context.now, "reason": None, "detail": ""}
        again |= {"bounce": None, "bounced_at": None}
        await _change(context, send, EventKind.EMAIL_RETRIED, **again)
    context.wake()
    return send


async def resolve_in_doubt(context: WorkspaceContext, send_id: str, resolution: Literal["SENT", "RESEND"]) -> Send:
    """Settle an email in doubt: SENT records that it was sent, RESEND sends it again."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status is not SendStatus.IN_DOUBT:
        raise Refusal.of(EmailCode.NOT_IN_DOUBT, ("id",), status=send.status.lower())
    if resolution == "RESEND":
        return await retry_send(context, send_id)
    return await settle_as_sent(context, send, context.now)


@retry_on_deadlock
async def settle_as_sent(context: WorkspaceContext, send: Send, at: datetime, why: str = "") -> Send:
    """Record that an email in doubt was sent at ``at`` (UTC). An email of a task completes the task at that time.

    ``why`` is the reason in the event. It is empty if a rep decided.
    """
    async with transaction():
        await _change(
            context, send, EventKind.EMAIL_SENT, why, status=SendStatus.SENT, sent_at=at, reason=None, detail=""
        )
        if send.by_hand:
            await complete_task_of_email(context, send, at)
    return send


async def archive_send(context: WorkspaceContext, send_id: str, *, archived: bool = True) -> Send:
    """Move a sent email to the archive, or back. Campaign emails cannot be deleted."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status is not SendStatus.SENT:
        raise Refusal.of(EmailCode.NOT_SENT, ("id",), status=send.status.lower().replace("_", " "))
    send.archived = archived
    await send.save(update_fields=["archived"])
    return send


async def _check_sendable(context: WorkspaceContext, send: Send) -> Enrollment:
    person = await Person.get(id=send.person_id)
    unedited = send.subject is None and send.html is None
    transactional = unedited and bool(await transactional_steps([send.step_id]))
    await refuse_unreachable(context.workspace, person, ("id",), transactional=transactional)
    enrollment = await Enrollment.get(id=send.enrollment_id)
    if enrollment.status not in MAY_GET_EMAILS:
        raise Refusal.of(CampaignCode.CAMPAIGN_ENDED, ("id",))
    return enrollment


async def _change(context: WorkspaceContext, send: Send, kind: EventKind, why: str = "", **values: object) -> None:
    before = send.status
    async with transaction():
        if not await Send.filter(id=send.id, status=before).update(**values):
            raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="email")
        await write([email_event(send, kind, context.now, data={"reason": why} if why else None)])
    send.update_from_dict(values)
