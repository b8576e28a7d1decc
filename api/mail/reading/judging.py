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
READ_CHARACTERS = 8_000
"""How much of a report is searched for the rejected command."""
REPLY_CODE = re.compile(r"(?:^|[\s:;(\"'=])([45]\d\d)(?=[ -](?!\d))")
"""A reply code (RFC 5321) in a text."""
COMMAND = re.compile(r"^\s{0,5}>>> ?(RCPT|DATA|MAIL|HELO|EHLO|\.)", re.IGNORECASE | re.MULTILINE)
"""A command in the transcript of a session."""
REJECTION = re.compile(r"^\s{0,5}<<< ?[45]\d\d", re.MULTILINE)
"""The server's rejection in the transcript of a session."""
PHASES = (
    (
        Phase.RCPT,
        re.compile(r"in reply to rcpt|after rcpt to|smtp:rcpt|does not like recipient|rcpt to:? ?<", re.IGNORECASE),
    ),
    (
        Phase.CONTENT,
        re.compile(
            r"in reply to (end of )?data|after (end of )?data|failed after i sent the message|smtp:data"
            r"|smtp command\s{1,5}data",
            re.IGNORECASE,
        ),
    ),
    (
        Phase.MAIL,
        re.compile(
            r"in reply to mail from|after mail from|smtp:mail|sender was rejected|my name was rejected", re.IGNORECASE
        ),
    ),
)
"""How reports name the command that the server rejected."""
NO_MEANING = frozenset({"", "0.0", "5.0"})
"""Subject and detail of a status that says nothing."""


def judge(address: str, status: str, diagnostic: str, text: str, addresses: Collection[str] = ()) -> FailedRecipient:
    """Judge a failure by the server's answer; if that is not clear, by the words about this recipient in the report.

    ``addresses`` are all failed recipients. They show where the words about one of them end.
    """
    about = words_about(text, address, addresses)
    phase = rejected_phase(diagnostic) or rejected_phase(about) or rejected_phase(text) or Phase.REPORT
    kind = _verdict(diagnostic, status, phase) if diagnostic else None
    if kind is None:
        kind = _verdict(about, status, phase) or _verdict(text, status, phase)
    shown = " ".join((diagnostic or about).split())[:MAX_DIAGNOSTIC_CHARACTERS]
    found = status if status[2:] not in NO_MEANING else _status(diagnostic) or _status(about) or status
    return FailedRecipient(address, kind or BounceKind.SOFT, found, shown)


def rejected_phase(text: str) -> Phase | None:
    """Return the part of the transaction that the server rejected, or None if a report does not say it."""
    text = text[:READ_CHARACTERS]
    rejection = REJECTION.search(text)
    commands = COMMAND.findall(text[: rejection.start()] if rejection else text)
    if commands:
        command = commands[-1].upper()
        return {"RCPT": Phase.RCPT, "DATA": Phase.CONTENT, ".": Phase.CONTENT}.get(command, Phase.MAIL)
    found = [(match.start(), phase) for phase, words in PHASES if (match := words.search(text))]
    return min(found)[1] if found else None


def _status(text: str) -> str:
    return enhanced_status(text[:MAX_TEXT_CHARACTERS]) or ""


def _verdict(text: str, status: str, phase: Phase) -> BounceKind | None:
    """Return the verdict of a text, or None if it is not clear."""
    text = text[:MAX_TEXT_CHARACTERS]
    code = REPLY_CODE.search(text)
    verdict = classify(text, phase=phase, code=int(code[1]) if code else None, status=status or None)
    if verdict is Verdict.HARD:
        return BounceKind.HARD
    clear = verdict_of_words(text) is not None or (_status(text) or status)[2:] not in NO_MEANING
    return BounceKind.SOFT if clear else None
