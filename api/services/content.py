"""What an email says: the step's template, rendered for one person, with earlier emails below a follow-up."""

from dataclasses import replace

from api.mail.message import Composed, Content, Earlier, compose
from api.models import Person, Send, Sender, Step, Template
from api.states import SendStatus
from strategies import StepType


def fields_of(person: Person, sender: Sender) -> dict[str, str]:
    """Return the dynamic fields of a person, with the sender's."""
    own = {name: str(value) for name, value in person.own_fields.items() if value is not None}
    return {
        **own,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": person.title,
        "company": person.company,
        "email": person.email,
        "sender_name": sender.name,
        "sender_email": sender.email,
    }


async def composed_for(
    step: Step, person: Person, sender_id: str, enrollment_id: str, *, edited: Send | None = None
) -> Composed:
    """Return the step's email for one person; ``edited`` gives a person's own subject and body.

    Raises UnresolvedFieldError and TemplateProblem.
    """
    sender = await Sender.get(id=sender_id)
    return await compose_step(step, person, sender, await earlier_of(step, enrollment_id), edited)


async def compose_step(
    step: Step, person: Person, sender: Sender, earlier: Earlier | None, edited: Send | None
) -> Composed:
    """Render a step's email, with what comes below it as a follow-up."""
    content = await content_of(step)
    if edited is not None and edited.subject is not None:
        content = replace(content, subject=edited.subject)
    if edited is not None and edited.html is not None:
        content = replace(content, html=edited.html, text=None)
    return compose(content, fields_of(person, sender), earlier)


async def content_of(step: Step) -> Content:
    """Return the step's campaign template; its own subject goes before the template's."""
    if step.template_id is None:
        return Content(step.subject or "", "", None)
    template = await Template.get(id=step.template_id)
    return Content(step.subject or template.subject, template.html, template.text)


async def earlier_of(step: Step, enrollment_id: str) -> Earlier | None:
    """Return the email that a follow-up stands above, with its own earlier ones; None for what is no follow-up."""
    if not step.follow_up:
        return None
    previous = await Step.get_or_none(campaign_id=step.campaign_id, number=step.number - 1)
    if previous is None or previous.type is not StepType.EMAIL:
        return None
    send = await Send.get_or_none(enrollment_id=enrollment_id, step_id=previous.id, status=SendStatus.SENT)
    return Earlier(
        await content_of(previous),
        send.message_id if send else None,
        send.sent_at if send else None,
        await earlier_of(previous, enrollment_id),
    )
