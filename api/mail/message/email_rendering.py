"""Renders an email for one person: composes it and builds its bytes, or says why it must not be sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.mail.message.compose import EarlierEmail, EmailContent, compose
from api.mail.message.message import MessageProblem, build_message
from api.mail.templates.liquid import TemplateLimitProblem, TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import prompt_list
from api.mail.tracking.signed_urls import EmailTracking
from strategies.codes import Message


class RenderRequest(NamedTuple):
    """Everything that an email is rendered from. A tuple, because a frozen dataclass takes 2 µs more to create."""

    send_id: str
    message_id: str
    content: EmailContent
    fields: Mapping[str, str]
    now: datetime
    """The workspace's time in the person's zone."""
    earlier: EarlierEmail | None
    """The email that a follow-up quotes."""
    sender_name: str
    sender_address: str
    to_name: str
    to_address: str
    unsubscribe_url: str | None
    tracking: EmailTracking | None = None
    """How opens and clicks are tracked. None if they are not."""
    unsubscribe_mailto: str | None = None
    unsubscribe_line: str | None = None
    """The workspace's own unsubscribe line, as HTML with ``{{ unsubscribe_url }}``."""
    transactional: bool = False
    """Whether recipients cannot unsubscribe from the email, so that it has no line and no header for it."""
    cc: tuple[str, ...] = ()
    """Addresses in the header Cc."""


class RenderedEmail(NamedTuple):
    """An email that can be sent. ``message`` is RFC 5322."""

    subject: str
    message: bytes


class RenderFailure(NamedTuple):
    """Why an email must not be sent."""

    why: Message


def render_email(request: RenderRequest) -> RenderedEmail | RenderFailure:
    """Render one email. Raises SlowWorkError within ``run_quick``."""
    try:
        composed = compose(request.content, request.fields, request.now, request.earlier, request.tracking)
        if composed.prompts:
            return RenderFailure(EmailCode.FIELD_PROMPT_LEFT.message(prompts=prompt_list(composed.prompts)))
        message = build_message(
            send_id=request.send_id,
            message_id=request.message_id,
            composed=composed,
            sender_name=request.sender_name,
            sender_address=request.sender_address,
            to_name=request.to_name,
            to_address=request.to_address,
            date=request.now,
            earlier=request.earlier,
            unsubscribe_url=request.unsubscribe_url,
            pixel_url=request.tracking.pixel_url if request.tracking is not None and request.tracking.opens else None,
            unsubscribe_mailto=request.unsubscribe_mailto,
            unsubscribe_line=request.unsubscribe_line,
            transactional=request.transactional,
            cc=request.cc,
        )
    except UnresolvedFieldError as problem:
        return RenderFailure(ReasonCode.UNRESOLVED_FIELD.message(field=problem.field))
    except TemplateLimitProblem as problem:
        return RenderFailure(problem.message)
    except (TemplateProblem, MessageProblem) as problem:
        return RenderFailure(Message(ReasonCode.INVALID_MESSAGE, str(problem)))
    return RenderedEmail(composed.subject, message)
