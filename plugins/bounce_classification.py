"""Classify the rejection of an email as a hard bounce, a soft bounce, or a mistake of the sender.

The SMTP channel uses this while it transmits an email. A program that reads bounce messages uses it with
``Phase.REPORT``. A partner's channel can use it if its service passes on the answer of the recipient's server. The
functions are pure.

A precise enhanced status (RFC 3463) counts most, then the text, then the reply code. A bounce is hard only if this is
clear, because a hard bounce ends the person's campaigns.
"""

import re
from enum import StrEnum

from plugins.bounce_words import (
    FULL,
    LOCAL_FAULT,
    MAY_NOT_EXIST,
    NO_HOST,
    NO_SUCH_DOMAIN,
    POLICY,
    SCANNED,
    SENDER,
    SENDER_REJECTED,
    TO_THE_SENDER,
    UNAVAILABLE,
    UNKNOWN,
    UNKNOWN_ELSEWHERE,
)


class Phase(StrEnum):
    """The part of the transaction that the server rejected."""

    MAIL = "MAIL"
    """The sender's address (MAIL FROM)."""
    RCPT = "RCPT"
    """The recipient's address (RCPT TO)."""
    DATA = "DATA"
    """The command DATA, before any content."""
    CONTENT = "CONTENT"
    """The content, after its final dot."""
    REPORT = "REPORT"
    """A bounce message that arrived later."""


class Verdict(StrEnum):
    """The meaning of a rejection."""

    HARD = "HARD"
    """The address does not exist: no such user or host, or the recipient has moved."""
    SOFT = "SOFT"
    """This email was not delivered: mailbox full, blocked, spam, policy, too large. The address may be valid."""
    OURS = "OURS"
    """The server rejected the sender's address or our commands. The recipient's address may be right."""


HARD_STATUSES = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "4.4", "7.17", "1.351", "4.310"})
"""Subject and detail of an enhanced status (5.1.1 is "1.1"). 5.7.17 (RFC 7293): the
address has another owner now. The last two are Microsoft's: the next server does not
know the recipient, and the domain does not exist."""
OUR_STATUSES = frozenset({"1.7", "1.8"})
"""The sender's address is malformed, or its domain does not exist."""
ALSO_OF_SENDERS = frozenset({"0.0", "1.0", "1.2", "4.4"})
"""Statuses that servers also use for a wrong sender address or host. The text says which it is."""
HARD_CODES = frozenset({521, 551, 556})
"""The host accepts no mail (RFC 7504), the user is not local, the domain accepts no mail."""
OUR_CODES = frozenset({500, 501, 502, 503, 504, 555})
"""The server did not understand the command."""
UNDEFINED = frozenset({None, "0.0", "5.0"})
"""No status, or a status without a meaning."""
VAGUE = frozenset({"0.0", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "7.0", "7.1"})
"""Statuses that servers also use for unknown users. A clear text counts more."""
OTHER_STATUSES = frozenset({"2.0", "2.1", "7.0", "7.1"})
"""Statuses that say something else than "unknown": the mailbox is disabled, or a policy forbids the email."""
VAGUE_REPORT = re.compile(r"(?:^|[\s:;(\"'=])55[0-9][\s:,-]|\buser doesn't have an? \S+ account", re.IGNORECASE)
"""A reply code in the text of a report, or words that Yahoo also uses for accounts that it has closed for a time."""
LOOKED_UP = re.compile(r"unknown in (?:local|virtual|relay)\b[^.]{0,40}\btable\b", re.IGNORECASE)
"""The server does not find the user in its tables. In a report it has given up, also with a temporary reply code."""

MAX_TEXT_CHARACTERS = 2_000
"""Longest part of a server's text that is read."""
STATUS = re.compile(r"(?:^|[\[(#]|(?<![\d.])[245]\d\d[ -])[\[(#]?([245])\.(\d{1,3}\.\d{1,3})(?![.\d])")
"""At the beginning, after a reply code, or in brackets as in "(#5.1.1)"; never in the middle of an IP address."""


def classify(text: str, *, phase: Phase, code: int | None = None, status: str | None = None) -> Verdict:
    """Return the meaning of a rejection.

    ``text`` has all lines of the server's answer without the reply code. ``code`` is the reply code, if there is one.
    ``status`` is an enhanced status from another source, such as "5.1.1" from a delivery report. Without it, the
    status is read from the text. Temporary rejections (4xx, 4.x.x) that Touchline does not retry any more are soft.
    """
    text = text[:MAX_TEXT_CHARACTERS]
    permanent, found = _status(text, status)
    if (code is not None and code < 500) or permanent is False:
        return Verdict.HARD if phase is Phase.REPORT and _is_final(text, found) else Verdict.SOFT
    if phase is Phase.MAIL:
        return _about_the_sender(found)
    words = _words(text, found, phase)
    if (
        found in OUR_STATUSES
        or (found in HARD_STATUSES and SENDER_REJECTED.search(text))
        or (words is Verdict.OURS and (found is None or found in ALSO_OF_SENDERS))
    ):
        return Verdict.OURS
    if found == "1.0" and words is Verdict.SOFT:
        return Verdict.SOFT
    if found in HARD_STATUSES and (
        FULL.search(text) or LOCAL_FAULT.search(text) or (words is Verdict.SOFT and not UNKNOWN.search(text))
    ):
        return Verdict.SOFT
    if words is Verdict.HARD and not _proves_unknown(text, phase, found):
        return Verdict.SOFT
    if found in HARD_STATUSES:
        return Verdict.HARD
    if words is Verdict.HARD and (found is None or found in VAGUE or found.startswith("1.")):
        return Verdict.HARD
    if found is None and words is None:
        return _by_code(code, phase)
    return Verdict.OURS if found is not None and found.startswith("5.") else Verdict.SOFT


def _is_final(text: str, found: str | None) -> bool:
    """Return whether a report of a temporary rejection says that the address or its domain does not exist."""
    if found == "1.1" and LOOKED_UP.search(text):
        return True
    return bool(NO_SUCH_DOMAIN.search(text)) and not SENDER.search(text) and not POLICY.search(text)


def _proves_unknown(text: str, phase: Phase, found: str | None) -> bool:
    """Return whether words such as "user unknown" prove that the address does not exist.

    They do at the server itself. A report may leave open which command the server rejected: then words against the
    status prove nothing, nor does a quoted reply without a status, because filters use these words for the content.
    """
    if phase is not Phase.REPORT or NO_HOST.search(text):
        return True
    if UNKNOWN_ELSEWHERE.search(text):
        return True
    return found not in OTHER_STATUSES and not (found is None and VAGUE_REPORT.search(text))


def enhanced_status(text: str) -> str | None:
    """Return the enhanced status in a server's text, such as "5.1.1", or None."""
    match = STATUS.search(text)
    return f"{match[1]}.{match[2]}" if match else None


def is_precise(status: str) -> bool:
    """Return whether an enhanced status, such as "5.1.1", says why an email was rejected."""
    return bool(status) and status.partition(".")[2] not in VAGUE


def verdict_of_words(text: str) -> Verdict | None:
    """Return the verdict of the words of a report alone, or None if they are not clear."""
    return _words(text[:MAX_TEXT_CHARACTERS], None, Phase.REPORT)


def _status(text: str, given: str | None) -> tuple[bool | None, str | None]:
    """Return whether the status is permanent (None without a status), and its subject and detail.

    The status in the server's own text counts more than that of a report, unless it is less precise.
    """
    quoted = enhanced_status(text)
    known = enhanced_status(given.strip()) if given else None
    if quoted is not None and (known is None or not quoted.endswith(".0.0")):
        known = quoted
    if known is None or known.startswith("2"):
        return None, None
    return known.startswith("5"), known.partition(".")[2]


def _words(text: str, found: str | None, phase: Phase) -> Verdict | None:
    """Return the verdict of the text alone, or None if the text is not clear."""
    text = " ".join(re.sub(r"[<>\"\[\]{}]", " ", text).replace("’", "'").split())
    text = SCANNED.sub(" ", TO_THE_SENDER.sub(" ", text))
    unknown = bool(UNKNOWN.search(text) or NO_HOST.search(text))
    if found in UNDEFINED and not (phase is Phase.REPORT and found is None):
        unknown = unknown or bool(UNAVAILABLE.search(text))
    if SENDER.search(text):
        return Verdict.OURS
    if POLICY.search(text) and not MAY_NOT_EXIST.search(text):
        return Verdict.SOFT
    return Verdict.HARD if unknown else None


def _about_the_sender(found: str | None) -> Verdict:
    """Return the verdict on a rejected MAIL FROM: soft for policy and size, ours for every other status."""
    return Verdict.SOFT if found is not None and found.startswith(("2.", "3.", "6.", "7.")) else Verdict.OURS


def _by_code(code: int | None, phase: Phase) -> Verdict:
    """Return the verdict of the reply code alone."""
    if code in OUR_CODES:
        return Verdict.OURS
    return Verdict.HARD if code in HARD_CODES and phase is not Phase.CONTENT else Verdict.SOFT
