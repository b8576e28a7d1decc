"""End enrollments: cancel their open tasks, and mark their pending emails as failed."""

from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.campaigns import CampaignCode
from api.models import Enrollment
from api.states import EnrollmentStatus
from api.store.campaigns.campaign_status import finish_if_last
from api.store.enrollments.enrollments import end_enrollments
from api.store.events.events import email_event, enrollment_event, task_event, write
from strategies.codes import Message


async def end(
    enrollment: Enrollment,
    now: datetime,
    *,
    why: Message,
    send_reason: str = CampaignCode.CAMPAIGN_ENDED,
    status: EnrollmentStatus = EnrollmentStatus.ENDED,
) -> None:
    """End a campaign for one person: cancel open tasks, and mark pending emails as failed. Call inside a transaction.

    If the person has finished the campaign, only emails fail that were retried since.
    ``why`` says why the enrollment ended (REPLIED, BOUNCED, …). Its pending emails get ``send_reason``.
    """
    if await end_all([enrollment.id], now, why=why, send_reason=send_reason, status=status):
        enrollment.status, enrollment.end_reason, enrollment.ended_at = status, why.code, now


async def end_all(
    enrollment_ids: list[str],
    now: datetime,
    *,
    why: Message,
    send_reason: str = CampaignCode.CAMPAIGN_ENDED,
    status: EnrollmentStatus = EnrollmentStatus.ENDED,
) -> int:
    """End many enrollments, as ``end`` does. Call inside a transaction. Returns how many were active."""
    rows = await end_enrollments(enrollment_ids, now, status, why.code, send_reason, why.sentence)

    ended, failed = {"reason": why.code}, {"reason": send_reason}
    success = {"success": True} if status is EnrollmentStatus.SUCCEEDED else {}
    lines = [
        email_event(row, EventKind.EMAIL_FAILED, now, data=failed, campaign_id=row["campaign_id"]) for row in rows.sends
    ]
    lines += [
        task_event(row, EventKind.TASK_CANCELLED, now, data=ended, campaign_id=row["campaign_id"]) for row in rows.tasks
    ]
    lines += [enrollment_event(row, EventKind.CAMPAIGN_ENDED, now, data=ended | success) for row in rows.enrollments]
    await write(lines)
    await finish_if_last({row["campaign_id"] for row in rows.enrollments}, now)
    return len(rows.enrollments)
