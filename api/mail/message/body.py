"""The HTML part of an email for one person, made safe, and the text part that says the same.

What is rendered is sanitized, for each person. A template of only text and fields takes a short cut where its result
is provably the same: it is sanitized once with an inert mark in the index_of of each value, and the values are put in.
That holds where every mark is still there, in its order, in text: an escaped value in a text cannot change structure.
Which values are missing is part of the frame, because blank texts do not behave as others do in HTML.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import NamedTuple

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.clean import text_from_html
from api.mail.html.limits import HtmlLimitError
from api.mail.html.sanitize import sanitize
from api.mail.inline_limits import SlowWorkError, TemplateFact, require_quick_html
from api.mail.plain_text.writer import NO_SPACE_AFTER
from api.mail.templates.liquid import TemplateLimitProblem, render, simple_form
from api.mail.templates.prompts import Prompted, restore
from api.mail.templates.simple import MAX_RESULT_LENGTH

FRAME_CACHE_BYTES = 32_000_000
"""Bytes of frames that a process keeps."""

_BEGIN, _END = "\ue000", "\ue001"
_MARK = re.compile(f"{_BEGIN}([0-9]+){_END}")
_NO_TEXT = re.compile(r"<!--.*?-->|<style[^>]*>.*?</style>|<(?:[^>\"]|\"[^\"]*\")*>", re.DOTALL)
_LINK = re.compile(r"<a[ >].*?</a>", re.DOTALL)
_TEXT_DEPENDS_ON_VALUES = re.compile(r"<(?:pre|q|button)[ >]")
_JOINS = NO_SPACE_AFTER | frozenset(" :")
_MAX_END_LENGTH = 100
_TOUCHES = re.compile(rf"(?:&[#\w]*|<[/!?]?|[#\w]{{{_MAX_END_LENGTH}}})\Z")
"""What a value would become a part of. So may a word that fills the end of a text, of which only that is read."""
_READS_AS_IT_IS = re.compile(r"<(?:pre|textarea|listing|plaintext)", re.IGNORECASE)
_BEGINS = frozenset("+(#$@\u20ac\xa3")
"""What a value may begin with, besides letters and digits: the space before it stays."""


class Body(NamedTuple):
    """Both parts for one person. ``prompts`` are what field prompts ask for that are still there."""

    html: str
    text: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A sanitized template, cut: every second part stands for a value.

    ``text`` None has to be made from the HTML of each person.
    """

    html: Sequence[str]
    text: Sequence[str] | None
    prompts: tuple[str, ...]


def render_body(source: str, fields: Mapping[str, str], now: datetime, *, quoted: bool = False) -> Body:
    """Render an HTML template for one person. Raises UnresolvedFieldError or TemplateProblem."""
    return _from_frame(source, fields, quoted=quoted) or _body(render(source, fields, now, html=True, quoted=quoted))


def final_body(html: str, prompts: tuple[str, ...]) -> Body:
    """Return what a person wrote, which is no template."""
    return _body(Prompted(html, prompts))


def _body(rendered: Prompted) -> Body:
    html = safe(rendered.text)
    return Body(html, text_from_html(html), rendered.prompts)


def safe(html: str) -> str:
    """Return what was rendered as it may be in an email. Raises TemplateLimitProblem."""
    require_quick_html(html)
    try:
        return sanitize(html)
    except HtmlLimitError as problem:
        raise TemplateLimitProblem(str(problem)) from None


def _from_frame(source: str, fields: Mapping[str, str], *, quoted: bool) -> Body | None:
    """Fill the frame of a template; None where there is none, or where a value could change the text around it.

    A value does not where it is one line, none of its spaces collapses, and the text part sets no space between it
    and what stands beside it. All values are checked at once where that says the same, because it is faster.
    """
    quick = simple_form(source, True)
    if quick is None:
        return None
    values: list[str] = []
    present: list[bool] = []
    for field in quick.fields:
        value = fields.get(field.name, "")
        there = bool(value) and not value.isspace()
        if there:
            if value[-1] in _JOINS or not (value[0].isalnum() or value[0] in _BEGINS):
                return None
            values.append(value)
        elif field.missing is None:
            return None
        present.append(there)
    if sum(map(len, values)) > MAX_RESULT_LENGTH:
        return None
    all_values = "|".join(values)
    if not all_values.isprintable() or "  " in all_values:
        return None
    frame = frame_of(source, tuple(present), quoted)
    if frame is None:
        return None
    escaped = values
    if "&" in all_values or "<" in all_values or ">" in all_values:
        escaped = [escape(value, quote=False) for value in values]
    html = _filled(frame.html, escaped)
    if len(html) > MAX_RESULT_LENGTH:
        return None
    return Body(html, text_from_html(html) if frame.text is None else _filled(frame.text, values), frame.prompts)


def _filled(parts: Sequence[str], values: Sequence[str]) -> str:
    filled = [*parts]
    filled[1::2] = values
    return "".join(filled)


def _frame_bytes(frame: _Frame | None, source: str, present: tuple[bool, ...], _quoted: bool) -> int:
    size = text_bytes(source) + 16 * len(present)
    return size if frame is None else size + text_bytes(*frame.html, *(frame.text or ()), *frame.prompts)


frames: Cache[_Frame | None] = Cache(FRAME_CACHE_BYTES, _frame_bytes)
"""The frames that are known, by source, which fields have a value, and whether it is quoted."""


@cached_in(frames)
def frame_of(source: str, present: tuple[bool, ...], quoted: bool) -> _Frame | None:
    """Return the frame of a template for people who have these of its fields; None where there is no short cut."""
    try:
        require_quick_html(source)
        return _cut(source, present, quoted=quoted)
    except SlowWorkError:
        raise SlowWorkError(TemplateFact("frame", (source, present, quoted))) from None


def _cut(source: str, present: tuple[bool, ...], *, quoted: bool) -> _Frame | None:
    quick = simple_form(source, True)
    if quick is None or _BEGIN in source or _END in source or _READS_AS_IT_IS.search(source):
        return None
    there = iter(present)
    marks = 0
    parts: list[str] = []
    end = ""
    for part in quick.parts:
        if isinstance(part, str):
            said = part
        elif not next(there):
            said = part.missing or ""
        elif _TOUCHES.search(end):
            return None
        else:
            said = f"{_BEGIN}{marks}{_END}"
            marks += 1
        parts.append(said)
        end = (end + said)[-_MAX_END_LENGTH:]
    rendered = restore("".join(parts), quick.prompts, quoted=quoted)
    html = safe(rendered.text)
    in_order = [str(number) for number in range(marks)]
    if not _MARK.findall(html) == in_order == _MARK.findall(_NO_TEXT.sub(" ", html)):
        return None
    text = None
    if not _TEXT_DEPENDS_ON_VALUES.search(html) and not any(_MARK.search(link) for link in _LINK.findall(html)):
        text = text_from_html(html)
        text = text if _MARK.findall(text) == in_order else None
    return _Frame(_MARK.split(html), None if text is None else _MARK.split(text), rendered.prompts)
