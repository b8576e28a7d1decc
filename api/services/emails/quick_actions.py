"""The quick actions of an email in the Command Center. Each mutation checks again whether it is allowed."""

from datetime import datetime
from typing import NamedTuple

from api.command_center import EmailAction, EmailActivityKind
from api.models import Send
from api.states import UNDELIVERED_STATUSES, UNTRANSMITTED_STATUSES, SendStatus
from api.store.engagement import Engagement

CANCELLABLE_STATUSES = (*UNTRANSMITTED_STATUSES, SendStatus.FAILED, SendStatus.BOUNCED)
"""Statuses in which the email of a task, or a one-off email, can be withdrawn, and a one-off email deleted."""


class EmailActivity(NamedTuple):
    """The latest activity of an email. The time is UTC."""

    kind: EmailActivityKind
    at: datetime


def quick_actions(send: Send) -> list[EmailAction]:
    """Return the actions that the status of an email allows. An ended campaign may still forbid one."""
    status, is_one_off = send.status, send.step_id is None
    waits, cancellable = status in UNTRANSMITTED_STATUSES, status in CANCELLABLE_STATUSES
    is_sent, is_draft = status is SendStatus.SENT, status is SendStatus.DRAFT
    allowed = {
        EmailAction.EDIT: waits or is_draft,
        EmailAction.SEND: is_draft,
        EmailAction.RESCHEDULE: waits,
        EmailAction.WITHDRAW: cancellable and (is_one_off or send.by_hand),
        EmailAction.DELETE: (cancellable or is_draft) and is_one_off,
        EmailAction.RETRY: status in UNDELIVERED_STATUSES,
        EmailAction.RESOLVE_IN_DOUBT: status is SendStatus.IN_DOUBT,
        EmailAction.ARCHIVE: is_sent and not send.archived,
        EmailAction.UNARCHIVE: is_sent and send.archived,
        EmailAction.MARK_SUCCESS: is_sent and not is_one_off,
        EmailAction.FOLLOW_UP: is_sent,
        EmailAction.CREATE_TASK: not is_draft,
    }
    return [action for action, is_allowed in allowed.items() if is_allowed]


def latest_activity(send: Send, engagement: Engagement) -> EmailActivity | None:
    """Return the latest activity. Opens and clicks count by their first time. None if the email was not sent."""
    times = {
        EmailActivityKind.SENT: send.sent_at,
        EmailActivityKind.OPENED: engagement.opened_at,
        EmailActivityKind.CLICKED: engagement.clicked_at,
        EmailActivityKind.REPLIED: send.replied_at,
        EmailActivityKind.BOUNCED: send.bounced_at,
    }
    found = [EmailActivity(kind, at) for kind, at in times.items() if at is not None]
    return max(found, key=lambda each: each.at, default=None)
