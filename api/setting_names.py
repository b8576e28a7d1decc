"""Names of environment variables that are probably misspelt."""

from collections.abc import Iterable
from difflib import get_close_matches

PREFIX = "TOUCHLINE_"
ACCOUNTS = ("SMTP_URL", "IMAP_URL", "DKIM_KEY", "DKIM_DOMAIN", "DKIM_SELECTOR", "WEBHOOK_GENERIC", "WEBHOOK_MAILGUN",
            "WEBHOOK_POSTMARK", "WEBHOOK_SENDGRID", "WEBHOOK_SES")  # fmt: skip
"""Settings of an account. A variable of another account has its name at the end: ``TOUCHLINE_IMAP_URL_SALES``."""
LEAST_LIKENESS = 0.7
"""How much alike two names are of which one is probably meant as the other. 1: they are equal."""


def misspelt(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return variables that are not settings, each with the setting that is probably meant.

    A name that is like no setting can belong to an installed package, so it is not returned.
    """
    settings = [name.removeprefix(PREFIX) for name in known]
    found = {}
    for name in sorted(names):
        if not name.upper().startswith(PREFIX):
            continue
        own = name.upper().removeprefix(PREFIX)
        meant = _meant(own, settings)
        if meant is not None and PREFIX + meant != name:
            found[name] = PREFIX + meant
    return found


def _meant(own: str, settings: list[str]) -> str | None:
    """Return the setting that a name without the prefix is meant as: itself if it is one; None if it is like none."""
    if own in settings or any(own.startswith(f"{account}_") and len(own) > len(account) + 1 for account in ACCOUNTS):
        return own
    for account in ACCOUNTS:
        words = own.split("_")
        length = account.count("_") + 1
        begin, end = "_".join(words[:length]), "_".join(words[length:])
        if end and get_close_matches(begin, [account], 1, LEAST_LIKENESS):
            return f"{account}_{end}"
    return next(iter(get_close_matches(own, settings, 1, LEAST_LIKENESS)), None)
