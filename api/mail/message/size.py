"""The size limit of an encoded email, including the emails that a follow-up quotes."""

from api.codes.refusals.emails import EmailCode
from api.mail.templates.liquid import TemplateLimitProblem

MAX_EMAIL_BYTES = 25_000_000
"""Largest email without its attachments, in bytes: the limit of Gmail and of most mail servers."""
MAX_BYTES_WITH_ATTACHMENTS = 30_000_000
"""Largest email with attachments, in bytes. Base64 makes 20 MB of files 27.4 MB."""


class EmailTooLargeProblem(TemplateLimitProblem):
    """An email is too large. A retry does not help, because the email would be the same."""


def check_size(*parts: str) -> None:
    """Check the parts before they are encoded: encoding never makes them smaller. Raises EmailTooLargeProblem."""
    if sum(map(len, parts)) > MAX_EMAIL_BYTES:
        raise too_large_problem()


def too_large_problem(limit: int = MAX_EMAIL_BYTES) -> EmailTooLargeProblem:
    """Return the error for an email that has more than ``limit`` bytes."""
    return EmailTooLargeProblem(EmailCode.EMAIL_TOO_LARGE.message(limit=limit // 1_000_000))
