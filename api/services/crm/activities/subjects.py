"""The subject of a record in the CRM, by the workspace's pattern.

The variables, the removal of line breaks and the cut at 255 characters are those of Marketo Sales Insight Actions
(``configure-salesforce-activity-detail-customization.md``).
"""

import re
from collections.abc import Mapping

from api.codes.crm.activities import CrmActivityCode
from strategies import Refusal

DEFAULT_PATTERN = "{{activity_type}}: {{activity_subject}}"
"""The pattern of a workspace that has set none."""
VARIABLES = (
    "activity_type",
    "activity_subject",
    "sales_campaign_name",
    "sales_campaign_day",
    "sales_campaign_step",
    "call_outcome",
    "call_reason",
)
"""The names that a pattern may have in double braces."""
MAX_CHARACTERS = 255
"""Longest subject."""
MAX_PATTERN_CHARACTERS = 1_000
REPLY = "Reply: "
"""The prefix of the subject of a reply."""
_VARIABLE = re.compile(r"{{\s*(.*?)\s*}}")
_BREAKS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")
"""Every character at which ``str.splitlines`` ends a line, with the blanks around it."""


def checked_pattern(pattern: str, path: tuple[str, ...]) -> str:
    """Return a pattern that can be used, without blanks at its ends. Raises Refusal."""
    pattern = pattern.strip()
    if not pattern:
        raise Refusal.of(CrmActivityCode.INVALID_SUBJECT_PATTERN, path, case="empty")
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        limit = MAX_PATTERN_CHARACTERS
        raise Refusal.of(CrmActivityCode.INVALID_SUBJECT_PATTERN, path, case="long", limit=limit)
    for name in _VARIABLE.findall(pattern):
        if name not in VARIABLES:
            known = ", ".join(f"{{{{{each}}}}}" for each in VARIABLES)
            raise Refusal.of(CrmActivityCode.INVALID_SUBJECT_PATTERN, path, name=name[:60], known=known)
    rest = _VARIABLE.sub("", pattern)
    if "{{" in rest or "}}" in rest:
        raise Refusal.of(CrmActivityCode.INVALID_SUBJECT_PATTERN, path, case="braces")
    if problem := _BREAKS.search(pattern):
        raise Refusal.of(CrmActivityCode.INVALID_SUBJECT_PATTERN, path, case="lines", at=problem.start() + 1)
    return pattern


def subject(pattern: str, values: Mapping[str, object | None], *, limit: int = MAX_CHARACTERS) -> str:
    """Return the subject of a record. Variables without a value are empty; values are not read as patterns.

    If all variables of the pattern are empty and it has no other text, the subject is that of the activity.
    """
    filled = _VARIABLE.sub(lambda found: _text(values.get(found[1])), pattern)
    return cut(one_line(filled) or one_line(_text(values.get("activity_subject"))), limit)


def reply_subject(email_subject: str, *, limit: int = MAX_CHARACTERS) -> str:
    """Return the subject of the record of a reply to an email."""
    return cut(f"{REPLY}{one_line(email_subject)}".rstrip(), limit)


def one_line(text: str) -> str:
    """Return a text in which each run of line breaks, with the blanks around it, is one blank."""
    return _BREAKS.sub(" ", text).strip()


def cut(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Return the first ``limit`` characters, counted in UTF-16 code units as Java does, without half characters."""
    if len(text) <= limit // 2:
        return text
    units = text.encode("utf-16-le", "replace")[: 2 * limit]
    return units.decode("utf-16-le", "ignore").rstrip()


def _text(value: object | None) -> str:
    return "" if value is None else str(value)
