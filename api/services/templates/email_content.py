"""What an email says: the step's template, rendered for one person, with earlier emails below a follow-up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from api.mail.message.compose import Composed, Content, Earlier
from api.models import Enrollment, Person, Send, Sender, Step, Template
from api.services.common.recipient import Recipient
from api.services.enrollments.timelines import added_after
from api.services.templates.rendering import compose_email
from api.states import PENDING_STATUSES, SendStatus
from strategies import StepType
from strategies.calendar import local

Left = tuple[str | None, datetime | None]
"""The Message-ID of an email that was sent, and when."""


class Unsent(NamedTuple):
    """An email that is still to leave."""

    planned_at: datetime
    due_at: datetime


class Written(Protocol):
    """What a person has written in an email's place. None leaves the template's part."""

    @property
    def subject(self) -> str | None:
        """The subject."""

    @property
    def html(self) -> str | None:
        """The HTML part; the text part is made from it."""

    @property
    def written_as_template(self) -> bool:
        """Whether it is to be rendered, as everything was that was written before the text of a rep was final."""


def fields_of(person: Person | Recipient, sender_name: str, sender_email: str) -> dict[str, str]:
    """Return the dynamic fields of a person, with the sender's."""
    own = {name: str(value) for name, value in person.own_fields.items() if value is not None}
    return {
        **own,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": person.title,
        "company": person.company,
        "email": person.email,
        "sender_name": sender_name,
        "sender_email": sender_email,
    }


async def composed_for(
    step: Step, person: Person, sender_id: str, enrollment_id: str, now: datetime, written: Written | None = None
) -> Composed:
    """Return the step's email for one person at ``now`` (UTC), with what someone wrote in its place.

    Raises UnresolvedFieldError, TemplateProblem, and Refusal (TOO_BUSY).
    """
    sender = await Sender.get(id=sender_id)
    enrollment = await Enrollment.get(id=enrollment_id)
    library = await ContentLoader.load([step.id], [enrollment.id])
    content = library.content(step) if written is None else library.written(step, written)
    fields = fields_of(person, sender.name, sender.email)
    earlier = library.earlier(step, enrollment.id)
    return await compose_email(str(enrollment.workspace_id), content, fields, local(now, enrollment.zone), earlier)


@dataclass(frozen=True, slots=True)
class ContentLoader:
    """The campaign templates of some steps, and what had left of the emails that their follow-ups stand above."""

    steps: Mapping[str, Step]
    numbers: Mapping[tuple[str, int], Step]
    templates: Mapping[str, Template]
    left: Mapping[tuple[str, str], Left]
    unsent: Mapping[tuple[str, str], Unsent]
    launched: Mapping[str, int]

    @classmethod
    async def load(cls, step_ids: Iterable[str], enrollment_ids: Iterable[str]) -> "ContentLoader":
        """Load what the emails of these steps say, for these enrollments."""
        asked = await Step.filter(id__in=list(set(step_ids)))
        rows = asked
        left: dict[tuple[str, str], Left] = {}
        unsent: dict[tuple[str, str], Unsent] = {}
        launched: dict[str, int] = {}
        if any(step.follow_up for step in asked):
            rows = await Step.filter(campaign_id__in=list({step.campaign_id for step in asked}))
            emails = Send.filter(
                enrollment_id__in=list(set(enrollment_ids)),
                step_id__in=[row.id for row in rows],
                status__in=(SendStatus.SENT, *PENDING_STATUSES),
            )
            columns = "enrollment_id", "step_id", "status", "message_id", "sent_at", "planned_at", "due_at"
            for enrollment_id, step_id, status, *told in await emails.values_list(*columns):
                if status == SendStatus.SENT:
                    left[enrollment_id, step_id] = (told[0], told[1])
                else:
                    unsent[enrollment_id, step_id] = Unsent(told[2], told[3])
            theirs = Enrollment.filter(id__in=list(set(enrollment_ids)))
            launched = {str(key): at for key, at in await theirs.values_list("id", "launched_revision")}
        wanted = list({row.template_id for row in rows if row.template_id})
        templates = {row.id: row for row in await Template.filter(id__in=wanted)} if wanted else {}
        numbers = {(row.campaign_id, row.number): row for row in rows if row.removed_at is None}
        return cls({row.id: row for row in rows}, numbers, templates, left, unsent, launched)

    def content(self, step: Step) -> Content:
        """Return the step's campaign template; its own subject goes before the template's."""
        if step.template_id is None:
            return Content(step.subject or "", "", None)
        template = self.templates[step.template_id]
        return Content(step.subject or template.subject, template.html, template.text)

    def written(self, step: Step, written: Written) -> Content:
        """Return the step's template, with what a person has written in the places of its parts."""
        content, final = self.content(step), not written.written_as_template
        if written.subject is not None:
            content = replace(content, subject=written.subject, final_subject=final)
        if written.html is not None:
            content = replace(content, html=written.html, text=None, final_html=final)
        return content

    def _passed(self, step: Step, enrollment_id: str) -> bool:
        """Whether a step was added while the campaign ran, and this person did not get its email."""
        added = added_after(step, self.launched[enrollment_id])
        return added and (enrollment_id, step.id) not in self.left and (enrollment_id, step.id) not in self.unsent

    def _previous(self, step: Step, enrollment_id: str) -> Step | None:
        """Return the step whose email a follow-up stands above; None for no follow-up."""
        previous = self.numbers.get((step.campaign_id, step.number - 1)) if step.follow_up else None
        while previous is not None and self._passed(previous, enrollment_id):
            previous = self.numbers.get((previous.campaign_id, previous.number - 1))
        return previous if previous is not None and previous.type is StepType.EMAIL else None

    def waits_for(self, step: Step, enrollment_id: str) -> Unsent | None:
        """Return the email that a follow-up is to leave behind, where that one has not left yet."""
        previous = self._previous(step, enrollment_id)
        first = self.unsent.get((enrollment_id, previous.id)) if previous is not None else None
        own = self.unsent.get((enrollment_id, step.id))
        return first if first is not None and own is not None and first.planned_at <= own.planned_at else None

    def earlier(self, step: Step, enrollment_id: str) -> Earlier | None:
        """Return the email that a follow-up stands above, with its own earlier ones; None for no follow-up."""
        previous = self._previous(step, enrollment_id)
        if previous is None:
            return None
        message_id, sent_at = self.left.get((enrollment_id, previous.id), (None, None))
        return Earlier(self.content(previous), message_id, sent_at, self.earlier(previous, enrollment_id))
