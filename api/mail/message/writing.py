"""Write an email: compose it for its person and build its bytes, or say why it must not leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from api.mail.message.compose import Content, Earlier, compose
from api.mail.message.message import MessageProblem, build
from api.mail.templates.liquid import TemplateLimitProblem, TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import prompt_left


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
    """Why an email must not leave: a code, and a sentence for people."""

    code: str
    detail: str


def write_email(order: Order) -> Written | NotWritten:
    """Write one email."""
    try:
        composed = compose(order.content, order.fields, order.now, order.earlier)
        if composed.prompts:
            return NotWritten("FIELD_PROMPT_LEFT", prompt_left(composed.prompts))
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
        return NotWritten("UNRESOLVED_FIELD", f"The dynamic field {problem.field} has no value for this person.")
    except TemplateLimitProblem as problem:
        return NotWritten(problem.code, str(problem))
    except (TemplateProblem, MessageProblem) as problem:
        return NotWritten("INVALID_MESSAGE", str(problem))
    return Written(composed.subject, message)
