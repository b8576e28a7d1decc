"""Write an email: compose it for its person and build its bytes, or say why it must not leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.codes.emails import EmailCode
from api.codes.reasons import ReasonCode
from api.mail.message.compose import Content, Earlier, compose
from api.mail.message.message import MessageProblem, build
from api.mail.templates.liquid import TemplateLimitProblem, TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import listed
from strategies.codes import Message


@dataclass(frozen=True, slots=True)
class Order:
    """What an email is written from. ``now`` is the workspace's clock in the person's zone."""

    send_id: str
    message_id: str
    content: Content
    fields: Mapping[str, str]
    now: datetime
    earlier: Earlier | None
    sender_name: str
    sender_address: str
    to_name: str
    to_address: str
    unsubscribe_url: str | None


class Written(NamedTuple):
    """An email as it leaves."""

    subject: str
    message: bytes


class NotWritten(NamedTuple):
    """Why an email must not be sent."""

    why: Message


def write_email(order: Order) -> Written | NotWritten:
    """Write one email."""
    try:
        composed = compose(order.content, order.fields, order.now, order.earlier)
        if composed.prompts:
            return NotWritten(EmailCode.FIELD_PROMPT_LEFT.message(prompts=listed(composed.prompts)))
        message = build(
            send_id=order.send_id,
            message_id=order.message_id,
            composed=composed,
            sender_name=order.sender_name,
            sender_address=order.sender_address,
            to_name=order.to_name,
            to_address=order.to_address,
            date=order.now,
            earlier=order.earlier,
            unsubscribe_url=order.unsubscribe_url,
        )
    except UnresolvedFieldError as problem:
        return NotWritten(ReasonCode.UNRESOLVED_FIELD.message(field=problem.field))
    except TemplateLimitProblem as problem:
        return NotWritten(problem.message)
    except (TemplateProblem, MessageProblem) as problem:
        return NotWritten(Message(ReasonCode.INVALID_MESSAGE, str(problem)))
    return Written(composed.subject, message)
