"""Judges a failure to deliver: hard or soft, with its status and the server's words."""

import re
from functools import lru_cache

from api.mail.reading.failure_text import FailureWords
from api.mail.reading.mail_reading import FailedRecipient
from plugins.bounce_classification import (
    MAX_TEXT_CHARACTERS,
    Phase,
    Verdict,
    classify,
    enhanced_status,
    is_precise,
    verdict_of_words,
)
from plugins.bounce_words import INACTIVE
from plugins.incoming import BounceKind

MAX_DIAGNOSTIC_CHARACTERS = 500
READ_CHARACTERS = 8_000
"""How much of a report is searched for the rejected command."""
REPLY_CODE = re.compile(r"(?:^|[\s:;(\"'=])([45]\d\d)(?=[\s,:-])")
"""A reply code (RFC 5321) in a text."""
STATUS = re.compile(r"(?<![\d.\w])[45]\.\d{1,3}\.\d{1,3}(?![.\d\w])")
"""An enhanced status anywhere in a report; never in the middle of an IP address or a version."""
UNKNOWN_STATUS = re.compile(r"^5\d\d 5\.1\.[1236] ([^\n]{1,1000})", re.MULTILINE)
"""A line of a transcript in which the reporting server calls the recipient unknown."""
_TIME = r"^\s{0,5}(?:(?:\w{3} )?[\d:., -]{8,40}:? )?"
"""The time at the beginning of a line of a transcript."""
COMMAND = re.compile(rf"{_TIME}(?:>>>|sent <<<|out:|--?>) ?(RCPT|DATA|MAIL|HELO|EHLO|\.)", re.IGNORECASE | re.MULTILINE)
"""A command in the transcript of a session."""
REJECTION = re.compile(rf"{_TIME}(?:<<<|received >>>|in:|<--?) ?[45]\d\d", re.IGNORECASE | re.MULTILINE)
"""The server's rejection in the transcript of a session."""
ACCEPTED = re.compile(
    rf"{_TIME}(?:(?:>>>|sent <<<|out:|--?>)|(?:<<<|received >>>|in:|<--?) ?[23]\d\d\b)[^\n]{{0,1000}}",
    re.IGNORECASE | re.MULTILINE,
)
"""Commands and positive replies in the transcript of a session. The words MAIL FROM do not blame the sender there."""
PHASES = (
    (
        Phase.RCPT,
        re.compile(
            r"(in reply to|after|following|smtp:) ?rcpt|did not like our rcpt|does not like recipient"
            r"|rejected recipient"
            r"|rcpt to:? ?<|\[rcpt_to\]|\(state 14\)",
            re.IGNORECASE,
        ),
    ),
    (
        Phase.CONTENT,
        re.compile(
            r"(in reply to|after|following|smtp:) ?(end of )?data|did not like our data|failed after i sent the message"
            r"|smtp command\s{1,5}data|\(state 1[578]\)",
            re.IGNORECASE,
        ),
    ),
    (
        Phase.MAIL,
        re.compile(
            r"(in reply to|after|following|smtp:) ?mail\b|did not like our mail|sender was rejected"
            r"|my name was rejected"
            r"|\(state (9|1[23])\)",
            re.IGNORECASE,
        ),
    ),
)
"""How reports name the command that the server rejected."""
NO_MEANING = frozenset({"", "0.0", "5.0"})
"""Subject and detail of a status without a reason."""


def judge(address: str, status: str, diagnostic: str, words: FailureWords) -> FailedRecipient:
    """Judge a failure by the server's answer; if that is not clear, by the report's words about this recipient."""
    limit = min(READ_CHARACTERS, words.limit)
    diagnostic, about, text = diagnostic[:limit], words.about(address)[:limit], words.text[:READ_CHARACTERS]
    phase = rejected_phase(diagnostic) or rejected_phase(about) or rejected_phase(text) or Phase.REPORT
    kind = _verdict(diagnostic, status, phase) if diagnostic else None
    if kind is None:
        kind = _verdict(_reasons(about), status, phase) or _verdict(_reasons(text), status, phase)
    is_vague = status[2:] in NO_MEANING and words.is_about_one
    if kind is BounceKind.HARD and is_vague and INACTIVE.search(text[:MAX_TEXT_CHARACTERS]):
        kind = BounceKind.SOFT
    says_unknown = verdict_of_words(diagnostic or about) is Verdict.HARD
    if kind is not BounceKind.HARD and says_unknown and phase is Phase.CONTENT and _is_called_unknown(about, address):
        kind = BounceKind.HARD
    shown = " ".join((diagnostic or about).split())[:MAX_DIAGNOSTIC_CHARACTERS]
    return FailedRecipient(
        address, kind or BounceKind.SOFT, _clearest(_status(diagnostic), status, _status(about)), shown
    )


@lru_cache(maxsize=64)
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


@lru_cache(maxsize=64)
def _reasons(text: str) -> str:
    """Return a text without the commands and the positive replies in it."""
    return ACCEPTED.sub("", text)


def _is_called_unknown(text: str, address: str) -> bool:
    """Return whether the reporting server itself calls an address unknown, in the transcript of a session."""
    return any(address.lower() in line.lower() for line in UNKNOWN_STATUS.findall(text))


def _clearest(*statuses: str) -> str:
    """Return the first status with a reason, else the first one. The server's own counts more than the report's."""
    named = [status for status in statuses if status]
    return next((status for status in named if status[2:] != "0.0"), named[0] if named else "")


def _status(text: str) -> str:
    text = text[:MAX_TEXT_CHARACTERS]
    anywhere = STATUS.search(text)
    first = enhanced_status(text)
    return first if first and first[0] in "45" else anywhere[0] if anywhere else ""


@lru_cache(maxsize=64)
def _verdict(text: str, status: str, phase: Phase) -> BounceKind | None:
    """Return the verdict of a text, or None if it is not clear."""
    text = text[:MAX_TEXT_CHARACTERS]
    code, status_of_text = REPLY_CODE.search(text), _status(text)
    if status_of_text.endswith(".0.0") and status:
        status_of_text = ""
    if code is not None and code[1].startswith("4"):
        phase = Phase.REPORT  # the reporting server has given up: the command does not matter any more
    verdict = classify(text, phase=phase, code=int(code[1]) if code else None, status=status_of_text or status or None)
    if verdict is Verdict.HARD:
        # Filters say "user unknown" about the content of an email to a recipient that the server has accepted.
        is_clear = phase is not Phase.CONTENT or is_precise(status_of_text or status)
        return BounceKind.HARD if is_clear else BounceKind.SOFT
    clear = verdict_of_words(text) is not None or (status_of_text or status)[2:] not in NO_MEANING
    return BounceKind.SOFT if clear else None
