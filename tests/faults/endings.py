"""What ends a campaign for a person, and what people decide about emails and tasks."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from api.models import Enrollment, Send, Task
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.emails.emails import resolve_in_doubt, retry_send
from api.services.people.suppressions import unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task, skip_task
from api.services.templates.templates import update_template
from strategies import Refusal, StepType


class Endings:
    """Replies, bounces, unsubscribes and manual ends; retries, doubts and tasks."""

    do: Callable[[Awaitable[Any]], Any]
    pick: Callable[[st.DataObject, list[Any]], Any]
    resent: Counter[str]
    """How often each email was sent again on purpose."""
    settled: set[str]
    """The emails in doubt of which a person said that they were sent."""
    no_more: dict[str, int]
    """How often each email had been sent when its person left the campaign."""

    @rule()
    def edit(self: Any) -> None:
        self.do(update_template(self.context, self.template.id, subject=f"Hi {self.now:%H:%M}"))

    def gone(self: Any, enrollment_ids: list[str]) -> None:
        """Record what had been sent to people who leave the campaign: they get nothing more."""
        left = Counter(self.channel.left)
        for send in self.do(Send.filter(enrollment_id__in=enrollment_ids)):
            self.no_more.setdefault(send.id, left[send.id])

    @rule(data=st.data(), how=st.sampled_from([end_enrollment, record_reply, record_bounce]))
    @precondition(lambda self: self.people)
    def comes_to_an_end(self: Any, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        chosen = self.pick(data, self.do(Enrollment.filter(status="ACTIVE")))
        if chosen is not None:
            with suppress(Refusal):
                self.do(how(self.context, chosen.id))
                self.gone([chosen.id])

    @rule(data=st.data())
    @precondition(lambda self: self.people)
    def unsubscribes(self: Any, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Enrollment.all()))
        if chosen is not None:
            self.do(unsubscribe(self.context, chosen.person_id))
            self.gone([chosen.id])

    @rule()
    def ends_for_all(self: Any) -> None:
        active = self.do(Enrollment.filter(status="ACTIVE"))
        self.do(end_campaign(self.context, self.campaign))
        self.gone([row.id for row in active])

    @rule(data=st.data(), resolution=st.sampled_from(["SENT", "RESEND"]))
    def settles_a_doubt(self: Any, data: st.DataObject, resolution: Any) -> None:
        chosen = self.pick(data, self.do(Send.filter(status="IN_DOUBT")))
        if chosen is not None:
            with suppress(Refusal):
                self.do(resolve_in_doubt(self.context, chosen.id, resolution))
                self.resent[chosen.id] += resolution == "RESEND"
                if resolution == "SENT":
                    self.settled.add(chosen.id)

    @rule(data=st.data())
    def retries(self: Any, data: st.DataObject) -> None:
        chosen = self.pick(data, self.do(Send.filter(status__in=["FAILED", "BOUNCED"])))
        if chosen is not None:
            with suppress(Refusal):
                self.do(retry_send(self.context, chosen.id))
                self.resent[chosen.id] += 1

    @rule(data=st.data(), how=st.sampled_from([complete_task, skip_task]))
    def finishes_a_task(self: Any, data: st.DataObject, how: Callable[..., Awaitable[Any]]) -> None:
        chosen = self.pick(data, self.do(Task.filter(status="OPEN")))
        if chosen is not None:
            with suppress(Refusal):  # its email may be in transmission
                self.do(how(self.context, chosen.id))

    @rule(data=st.data(), hours=st.sampled_from([0, 0, 2, 30]))
    def sends_the_email_of_a_task(self: Any, data: st.DataObject, hours: int) -> None:
        chosen = self.pick(data, self.do(Task.filter(status="OPEN", type=StepType.EMAIL)))
        if chosen is not None:
            with suppress(Refusal):  # it may be scheduled already, or the campaign may be paused
                self.do(send_task(self.context, chosen.id, at=self.context.now + timedelta(hours=hours)))

    async def finish_all_tasks(self: Any) -> None:
        """Do the work of all open tasks: send their emails, and complete the others."""
        for task in await Task.filter(status="OPEN"):
            with suppress(Refusal):
                await (send_task if task.type is StepType.EMAIL else complete_task)(self.context, task.id)
