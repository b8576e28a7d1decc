"""Judges a failure to deliver: hard or soft, with its status and the server's words."""

import re
from collections.abc import Collection

from api.mail.reading.failure_text import words_about
from api.mail.reading.mail_reading import FailedRecipient
from plugins.bounce_classification import (
    MAX_TEXT_CHARACTERS,
    Phase,
    Verdict,
    classify,
    enhanced_status,
    verdict_of_words,
)
from plugins.incoming import BounceKind

MAX_DIAGNOSTIC_CHARACTERS = 500
REPLY_CODE = re.compile(r"(?:^|[\s:;(\"'=])([45]\d\d)(?=[ -](?!\d))")
"""A reply code (RFC 5321) in a text."""
NO_MEANING = frozenset({"", "0.0", "5.0"})
"""Subject and detail of a status that says nothing."""


def judge(address: str, status: str, diagnostic: str, text: str, addresses: Collection[str] = ()) -> FailedRecipient:
    """Judge a failure by the server's answer; if that is not clear, by the words about this recipient in the report.

    ``addresses`` are all failed recipients. They show where the words about one of them end.
    """
    about = words_about(text, address, addresses)
    kind = _verdict(diagnostic, status) if diagnostic else None
    if kind is None:
        kind = _verdict(about, status) or _verdict(text, status)
    shown = " ".join((diagnostic or about).split())[:MAX_DIAGNOSTIC_CHARACTERS]
    found = status if status[2:] not in NO_MEANING else _status(diagnostic) or _status(about) or status
    return FailedRecipient(address, kind or BounceKind.SOFT, found, shown)


def _status(text: str) -> str:
    return enhanced_status(text[:MAX_TEXT_CHARACTERS]) or ""


def _verdict(text: str, status: str) -> BounceKind | None:
    """Return the verdict of a text, or None if it is not clear."""
    text = text[:MAX_TEXT_CHARACTERS]
    code = REPLY_CODE.search(text)
    verdict = classify(text, phase=Phase.REPORT, code=int(code[1]) if code else None, status=status or None)
    if verdict is Verdict.HARD:
        return BounceKind.HARD
    clear = verdict_of_words(text) is not None or (_status(text) or status)[2:] not in NO_MEANING
    return BounceKind.SOFT if clear else None
