"""The size limit of an encoded email, including the emails that a follow-up quotes."""

from api.codes.emails import EmailCode
from api.mail.templates.liquid import TemplateLimitProblem

MAX_EMAIL_BYTES = 25_000_000
"""Largest email, in bytes: the limit of Gmail and of most mail servers."""


class EmailTooLargeProblem(TemplateLimitProblem):
    """An email is too large. A retry does not help, because the email would be the same."""


def check_size(*parts: str) -> None:
    """Check the parts before they are encoded: encoding never makes them smaller. Raises EmailTooLargeProblem."""
    if sum(map(len, parts)) > MAX_EMAIL_BYTES:
        raise too_large_problem()


def too_large_problem() -> EmailTooLargeProblem:
    """Return the error for an email that is too large."""
    return EmailTooLargeProblem(EmailCode.EMAIL_TOO_LARGE.message(limit=MAX_EMAIL_BYTES // 1_000_000))
