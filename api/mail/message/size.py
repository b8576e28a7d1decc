"""The largest size of an email as it leaves: all of its parts, encoded, with what a follow-up quotes."""

from api.mail.templates.liquid import TemplateLimitProblem

MAX_EMAIL_BYTES = 25_000_000
"""Bytes of an email as it leaves: what Gmail takes, and most mail servers do not take more."""


class EmailTooLargeProblem(TemplateLimitProblem):
    """An email that is larger than it may be. Trying it again makes the same email again."""

    code = "EMAIL_TOO_LARGE"


def need_size(*parts: str) -> None:
    """Check parts before they are copied or encoded: none gets smaller by that. Raises EmailTooLargeProblem."""
    if sum(map(len, parts)) > MAX_EMAIL_BYTES:
        raise too_large()


def too_large() -> EmailTooLargeProblem:
    """Return what is told of an email that is too large."""
    return EmailTooLargeProblem(
        f"An email may have up to {MAX_EMAIL_BYTES // 1_000_000} MB, including the earlier emails that a follow-up"
        " quotes. This one is larger: shorten its template, or that of an earlier email in the thread."
    )
