"""The email, or the enrollment, about which a user records a reply or a bounce."""

from dataclasses import dataclass
from typing import NamedTuple

from api.codes.request_errors.inputs import InputCode
from api.models import Enrollment, Send
from api.services.common.request_context import WorkspaceContext
from api.states import SendStatus
from api.store.engine.rows import get_or_refuse
from strategies import Refusal


class RecordedAnswer(NamedTuple):
    """The enrollment and the email that a recorded reply or bounce is about, each None if there is none."""

    enrollment: Enrollment | None
    email: Send | None


@dataclass(frozen=True, slots=True)
class AnsweredPlace:
    """An enrollment or an email. Without ``email_id``, it is the last email of the enrollment that was sent."""

    enrollment: Enrollment | None
    email_id: str | None

    async def last_sent(self, *statuses: SendStatus) -> Send | None:
        """Return the email, if it has one of these statuses."""
        sent = Send.filter(enrollment_id=None if self.enrollment is None else self.enrollment.id, status__in=statuses)
        if self.email_id is not None:
            sent = sent.filter(id=self.email_id)
        return await sent.order_by("-sent_at", "-step__number").first()

    async def now(self, email: Send | None) -> RecordedAnswer:
        """Return the present enrollment and ``email``."""
        enrollment = None if self.enrollment is None else await Enrollment.get(id=self.enrollment.id)
        return RecordedAnswer(enrollment, None if email is None else await Send.get(id=email.id))


async def find_answered(context: WorkspaceContext, enrollment_id: str | None, email_id: str | None) -> AnsweredPlace:
    """Return the enrollment or the email that a user names. A one-off email has no enrollment. Raises Refusal."""
    enrollment = None
    if enrollment_id is not None:
        enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, ("enrollmentId",))
    if email_id is None:
        if enrollment is None:
            raise Refusal.of(InputCode.REQUIRED, ("enrollmentId",), case="answer")
        return AnsweredPlace(enrollment, None)
    email = await get_or_refuse(Send, context.workspace_id, email_id, ("emailId",))
    if enrollment is not None and email.enrollment_id != enrollment.id:
        raise Refusal.of(InputCode.NOT_FOUND, ("emailId",), case="other_enrollment", id=email_id)
    if enrollment is None and email.enrollment_id is not None:
        enrollment = await Enrollment.get(id=email.enrollment_id)
    return AnsweredPlace(enrollment, email.id)
