"""Retry an email, settle one in doubt, or archive one."""

from datetime import datetime
from typing import Any, Literal

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.campaigns import CampaignCode
from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.models import Enrollment, Send
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.services.one_off_emails.sending import check_retried
from api.services.people.reachability import lock_reachable
from api.services.tasks.closing import complete_task_of_email
from api.states import MAY_GET_EMAILS, UNDELIVERED_STATUSES, SendStatus
from api.store.dispatch import allowed_time_rows
from api.store.emails import one_off_emails
from api.store.emails.transactional import transactional_steps
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from strategies import Refusal
from strategies.calendar import shown_minute
from strategies.timeline.allowed_times import next_allowed


@retry_on_deadlock
async def retry_send(context: WorkspaceContext, send_id: str, *, in_doubt: bool = True) -> Send:
    """Send an undelivered email immediately. Raises Refusal, for example if the address is suppressed.

    If its send option does not allow the present time, the email waits for the next allowed one. If the email failed
    because the option allows no later time, it is sent immediately.

    An email in doubt may have arrived. With ``in_doubt`` False, for requests about many emails, it is refused.
    """
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status is SendStatus.IN_DOUBT and not in_doubt:
        raise Refusal.of(EmailCode.NOT_UNDELIVERED, ("id",), case="in_doubt")
    if send.status not in UNDELIVERED_STATUSES:
        raise Refusal.of(EmailCode.NOT_UNDELIVERED, ("id",), status=send.status.words)
    async with transaction():
        data = await _check_sendable(context, send)
        again: dict[str, Any] = {"status": SendStatus.SCHEDULED, "due_at": context.now, "reason": None, "detail": ""}
        again |= {"bounce": None, "bounced_at": None} | await _allowed(send, context.now)
        await _change(context, send, EventKind.EMAIL_RETRIED, data, **again)
    context.wake()
    return send


async def _allowed(send: Send, now: datetime) -> dict[str, Any]:
    """Return the columns that let a retried email wait for the next time that its send option allows."""
    if send.allowed_times_id is None:
        return {}
    if send.reason == ReasonCode.NO_ALLOWED_TIME:
        return {"allowed_times_id": None}
    ranges = (await allowed_time_rows.find([send.allowed_times_id])).get(send.allowed_times_id, ())
    start = next_allowed(ranges, now)
    if start is None or start == now:  # after the last range, dispatch asks the send option
        return {}
    reason, detail = ReasonCode.OUTSIDE_ALLOWED_TIMES.message(until=shown_minute(start, send.zone))
    return {"due_at": start, "reason": reason, "detail": detail}


async def resolve_in_doubt(context: WorkspaceContext, send_id: str, resolution: Literal["SENT", "RESEND"]) -> Send:
    """Settle an email in doubt: SENT records that it was sent, RESEND sends it again."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status is not SendStatus.IN_DOUBT:
        raise Refusal.of(EmailCode.NOT_IN_DOUBT, ("id",), status=send.status.words)
    if resolution == "RESEND":
        return await retry_send(context, send_id)
    return await settle_as_sent(context, send, context.now)


@retry_on_deadlock
async def settle_as_sent(context: WorkspaceContext, send: Send, at: datetime, why: str = "") -> Send:
    """Record that an email in doubt was sent at ``at`` (UTC). An email of a task completes the task at that time.

    ``why`` is the reason in the event. It is empty if a rep decided.
    """
    async with transaction():
        sent: dict[str, Any] = {"status": SendStatus.SENT, "sent_at": at, "reason": None, "detail": ""}
        await _change(context, send, EventKind.EMAIL_SENT, {"reason": why} if why else {}, **sent)
        if send.enrollment_id is None:
            await one_off_emails.add_all_reached([send.id])
        if send.by_hand:
            await complete_task_of_email(context, send, at)
    return send


async def archive_send(context: WorkspaceContext, send_id: str, *, archived: bool = True) -> Send:
    """Move a sent email to the archive, or back. Campaign emails cannot be deleted."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.status is not SendStatus.SENT:
        raise Refusal.of(EmailCode.NOT_SENT, ("id",), status=send.status.words)
    send.archived = archived
    await send.save(update_fields=["archived"])
    return send


async def _check_sendable(context: WorkspaceContext, send: Send) -> dict[str, Any]:
    """Refuse an email that may not be sent. Returns the data of its event. Raises Refusal."""
    unedited = send.subject is None and send.html is None and send.step_id is not None
    transactional = unedited and bool(await transactional_steps([str(send.step_id)]))
    person = await lock_reachable(context.workspace, send.person_id, ("id",), transactional=transactional)
    if send.enrollment_id is None:
        return dict(await check_retried(context, send, person))
    enrollment = await Enrollment.get(id=send.enrollment_id)
    if enrollment.status not in MAY_GET_EMAILS:
        raise Refusal.of(CampaignCode.CAMPAIGN_ENDED, ("id",))
    await refuse_paused_or_ending(enrollment.campaign_id, ("id",))
    return {}


async def _change(
    context: WorkspaceContext, send: Send, kind: EventKind, data: dict[str, Any], **values: object
) -> None:
    before = send.status
    async with transaction():
        if not await Send.filter(id=send.id, status=before).update(**values):
            raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="email")
        await write([email_event(send, kind, context.now, data=data or None)])
    send.update_from_dict(values)
