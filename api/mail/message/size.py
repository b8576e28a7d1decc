"""The size limit of an email: all parts, encoded, with the emails that a follow-up quotes."""

from typing import ClassVar

from api.codes.emails import EmailCode
from api.mail.templates.liquid import TemplateLimitProblem
from strategies.codes import Code

MAX_EMAIL_BYTES = 25_000_000
"""Largest email, in bytes: the limit of Gmail and of most mail servers."""


class EmailTooLargeProblem(TemplateLimitProblem):
    """An email is too large. Retrying does not help, because it makes the same email."""

    code: ClassVar[Code] = EmailCode.EMAIL_TOO_LARGE


def need_size(*parts: str) -> None:
    """Check the parts before they are encoded, which never makes them smaller. Raises EmailTooLargeProblem."""
    if sum(map(len, parts)) > MAX_EMAIL_BYTES:
        raise too_large()


def too_large() -> EmailTooLargeProblem:
    """Return the error for an email that is too large."""
    message = EmailCode.EMAIL_TOO_LARGE.message(limit=MAX_EMAIL_BYTES // 1_000_000)
    return EmailTooLargeProblem(message.sentence)
