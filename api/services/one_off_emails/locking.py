"""Find a one-off email, and lock it for a change."""

from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.models import Send
from api.services.common.request_context import WorkspaceContext
from api.states import UNTRANSMITTED_STATUSES, SendStatus
from api.store.emails.written_texts import lock_email
from api.store.engine.rows import get_or_refuse
from strategies import Refusal


async def one_off_of(context: WorkspaceContext, send_id: str) -> Send:
    """Return a one-off email. Raises Refusal, also for an email of a campaign."""
    send = await get_or_refuse(Send, context.workspace_id, send_id, ("id",))
    if send.enrollment_id is not None:
        raise Refusal.of(EmailCode.CAMPAIGN_EMAIL, ("id",))
    return send


async def lock_unsent(send_id: str, *others: SendStatus) -> Send:
    """Lock a draft or a scheduled email, or one with another of these statuses. Call inside a transaction.

    Raises Refusal, also if its transmission has started.
    """
    send = await lock_email(send_id)
    if send is None:
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="deleted")
    if send.status is SendStatus.TRANSMITTING:
        raise Refusal.of(EmailCode.EMAIL_LEAVING, ("id",))
    if send.status not in (SendStatus.DRAFT, *UNTRANSMITTED_STATUSES, *others):
        status = send.status.words
        raise Refusal.of(EmailCode.NOT_SCHEDULED, ("id",), case="one_off", status=status)
    return send
