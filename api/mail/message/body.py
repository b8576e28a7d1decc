"""Renders the HTML part of an email for one person, and the text part that is made from it.

The rendered HTML is sanitized, for each person. For a template of only text and fields there is a faster way with the
same result: the template is sanitized once, with a mark in the place of each value, and then the values are inserted.
This *frame* is used only if every mark is still there, in order, in text: an escaped value in text cannot change the
structure of HTML. Frames are cached by the set of fields that have a value, because blank text changes the layout.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import NamedTuple

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.html.limits import HtmlLimitError
from api.mail.html.sanitize import sanitize
from api.mail.inline_limits import SlowWorkError, TemplateFact, require_quick_html, require_worker
from api.mail.plain_text import text_from_html
from api.mail.plain_text.line_writer import NO_SPACE_AFTER
from api.mail.templates.liquid import TemplateLimitProblem, render, simple_template
from api.mail.templates.prompts import RenderedText, restore_prompts
from api.mail.templates.simple import MAX_RESULT_LENGTH, SimpleTemplate
from api.mail.tracking.link_slots import MAX_QUICK_LINKS, LinkSlots, split_at_links
from api.mail.tracking.links import rewrite_links
from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks
from api.mail.unsubscribing.own_links import LINK_PLACEHOLDER, UNSUBSCRIBE_FIELD

FRAME_CACHE_BYTES = 32_000_000
"""Size of the cache of frames, in bytes, in each process."""

_MARK_BEGIN, _MARK_END = "\ue000", "\ue001"
_LINK_SCHEME = "https://"
"""How a link begins that can replace LINK_PLACEHOLDER."""
_MARK = re.compile(f"{_MARK_BEGIN}([0-9]+){_MARK_END}")
_MARKUP = re.compile(r"<!--.*?-->|<style[^>]*>.*?</style>|<(?:[^>\"]|\"[^\"]*\")*>", re.DOTALL)
_LINK = re.compile(r"<a[ >].*?</a>", re.DOTALL)
_TEXT_DEPENDS_ON_VALUES = re.compile(r"<(?:pre|q|button)[ >]")
_UNSAFE_LAST_CHARACTERS = NO_SPACE_AFTER | frozenset(" :")
"""Characters with which a value must not end, because the text part changes the space after them."""
_TAIL_LENGTH = 100
"""Length of the end of the text before a value that is checked, in characters."""
_UNSAFE_TAIL = re.compile(rf"(?:&[#\w]*|<[/!?]?|[#\w]{{{_TAIL_LENGTH}}})\Z")
"""An unfinished reference or tag, which a value could complete. A word that fills the tail may be part of one."""
_RAW_TEXT = re.compile(r"<(?:pre|textarea|listing|plaintext)", re.IGNORECASE)
_SAFE_FIRST_CHARACTERS = frozenset("+(#$@\u20ac\xa3")
"""Signs with which a value may begin, because the text part keeps a space before them."""


class Body(NamedTuple):
    """The HTML part and the text part for one person."""

    html: str
    text: str
    prompts: tuple[str, ...]
    """The labels of the field prompts that are still in it."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A sanitized template, split at its values: every second part is replaced by a value."""

    html: Sequence[str]
    text: Sequence[str] | None
    """The text part, split in the same way. None if it must be made from each person's HTML."""
    prompts: tuple[str, ...]
    has_link: bool
    """Whether it has LINK_PLACEHOLDER in the place of the link to unsubscribe."""


def render_body(
    source: str,
    fields: Mapping[str, str],
    now: datetime,
    *,
    quoted: bool = False,
    tracking: EmailTracking | None = None,
) -> Body:
    """Render an HTML template for one person. Raises UnresolvedFieldError or TemplateProblem.

    ``tracking`` says how the links of the HTML part are tracked. The text part keeps the links of the template.
    """
    body = _render_with_frame(source, fields, quoted=quoted, tracking=tracking)
    return body or _finish_body(render(source, fields, now, html=True, quoted=quoted), tracking)


def finish_final_body(html: str, prompts: tuple[str, ...], tracking: EmailTracking | None = None) -> Body:
    """Return both parts of an email that a rep wrote. It is not rendered as a template."""
    return _finish_body(RenderedText(html, prompts), tracking)


def _finish_body(rendered: RenderedText, tracking: EmailTracking | None) -> Body:
    html = sanitize_rendered(rendered.text)
    text = text_from_html(html)
    return Body(html if tracking is None else rewrite_links(html, tracking), text, rendered.prompts)


def sanitize_rendered(html: str) -> str:
    """Sanitize rendered HTML. Raises TemplateLimitProblem."""
    require_quick_html(html)
    try:
        return sanitize(html)
    except HtmlLimitError as problem:
        raise TemplateLimitProblem(problem.message) from None


def _render_with_frame(
    source: str, fields: Mapping[str, str], *, quoted: bool, tracking: EmailTracking | None = None
) -> Body | None:
    """Render a template with its frame; None if it has no frame, or if a value could change the text around it.

    A value cannot if it is one line without consecutive spaces, and if the text part adds or removes no space next to
    it. All values are checked together where possible, because that is faster.
    """
    template = simple_template(source, True)
    if template is None:
        return None
    found = _frame_values(template, fields)
    if found is None:
        return None
    values, present = found
    if sum(map(len, values)) > MAX_RESULT_LENGTH:
        return None
    all_values = "|".join(values)
    if not all_values.isprintable() or "  " in all_values:
        return None
    frame = make_frame(source, present, quoted)
    if frame is None:
        return None
    escaped = values
    if "&" in all_values or "<" in all_values or ">" in all_values:
        escaped = [escape(value, quote=False) for value in values]
    html = _fill(frame.html, escaped)
    if len(html) > MAX_RESULT_LENGTH:
        return None
    text = text_from_html(html) if frame.text is None else _fill(frame.text, values)
    if tracking is not None and tracking.clicks:
        slots = _link_slots(source, present, quoted, tracking.links)
        html = _rewrite_quickly(html, tracking) if slots is None else slots.fill(escaped, tracking)
    if frame.has_link:
        # It is not tracked: neither the placeholder nor the link, both of which contain "unsubscribe".
        link = fields.get(UNSUBSCRIBE_FIELD, "")
        html, text = html.replace(LINK_PLACEHOLDER, escape(link)), text.replace(LINK_PLACEHOLDER, link)
    return Body(html, text, frame.prompts)


def _rewrite_quickly(html: str, tracking: EmailTracking) -> str:
    if html.count("<a ") > MAX_QUICK_LINKS:
        require_worker()
    return rewrite_links(html, tracking)


def _frame_values(template: SimpleTemplate, fields: Mapping[str, str]) -> tuple[Sequence[str], tuple[bool, ...]] | None:
    """Return the values for a frame, and for each field whether it has a value; None if a frame cannot be used.

    The link to unsubscribe is not among the values, because frames have LINK_PLACEHOLDER in its place.
    """
    values: list[str] = []
    present: list[bool] = []
    for field in template.fields:
        value = fields.get(field.name, "")
        is_present = bool(value) and not value.isspace()
        if is_present and field.name == UNSUBSCRIBE_FIELD:
            if not value.startswith(_LINK_SCHEME):
                return None
        elif is_present:
            if value[-1] in _UNSAFE_LAST_CHARACTERS or not (value[0].isalnum() or value[0] in _SAFE_FIRST_CHARACTERS):
                return None
            values.append(value)
        elif field.fallback is None:
            return None
        present.append(is_present)
    return values, tuple(present)


def _fill(parts: Sequence[str], values: Sequence[str]) -> str:
    filled = [*parts]
    filled[1::2] = values
    return "".join(filled)


def _frame_bytes(frame: _Frame | None, source: str, present: tuple[bool, ...], _quoted: bool) -> int:
    size = text_bytes(source) + 16 * len(present)
    return size if frame is None else size + text_bytes(*frame.html, *(frame.text or ()), *frame.prompts)


frame_cache: Cache[_Frame | None] = Cache(FRAME_CACHE_BYTES, _frame_bytes)
"""Frames by source, which fields have a value, and whether the email is quoted. None if there is no frame."""


@cached_in(frame_cache)
def make_frame(source: str, present: tuple[bool, ...], quoted: bool) -> _Frame | None:
    """Return the frame of a template; None if it has none. ``present`` says for each field whether it has a value."""
    try:
        require_quick_html(source)
        return _split_template(source, present, quoted=quoted)
    except SlowWorkError:
        raise SlowWorkError(TemplateFact("frame", (source, present, quoted))) from None


def _link_slots_bytes(
    slots: LinkSlots | None, source: str, present: tuple[bool, ...], _quoted: bool, *_: object
) -> int:
    size = text_bytes(source) + 16 * len(present)
    return size if slots is None else size + text_bytes(*slots.parts, *(target for _, target in slots.links))


@cached_in(Cache[LinkSlots | None](FRAME_CACHE_BYTES, _link_slots_bytes))
def _link_slots(source: str, present: tuple[bool, ...], quoted: bool, tracking: TrackingLinks) -> LinkSlots | None:
    """Return the frame of a template, split at its links as well; None if a link's text depends on the person."""
    frame = make_frame(source, present, quoted)
    return None if frame is None else split_at_links(frame.html, tracking)


def _split_template(source: str, present: tuple[bool, ...], *, quoted: bool) -> _Frame | None:
    template = simple_template(source, True)
    if template is None or _MARK_BEGIN in source or _MARK_END in source or _RAW_TEXT.search(source):
        return None
    next_present = iter(present)
    marks = 0
    parts: list[str] = []
    tail = ""
    for part in template.parts:
        if isinstance(part, str):
            text = part
        elif not next(next_present):
            text = part.fallback or ""
        elif part.name == UNSUBSCRIBE_FIELD:
            text = LINK_PLACEHOLDER
        elif _UNSAFE_TAIL.search(tail):
            return None
        else:
            text = f"{_MARK_BEGIN}{marks}{_MARK_END}"
            marks += 1
        parts.append(text)
        tail = (tail + text)[-_TAIL_LENGTH:]
    rendered = restore_prompts("".join(parts), template.prompts, quoted=quoted)
    html = sanitize_rendered(rendered.text)
    in_order = [str(number) for number in range(marks)]
    if not _MARK.findall(html) == in_order == _MARK.findall(_MARKUP.sub(" ", html)):
        return None
    text_part = None
    if not _TEXT_DEPENDS_ON_VALUES.search(html) and not any(_MARK.search(link) for link in _LINK.findall(html)):
        text = text_from_html(html)
        text_part = _MARK.split(text) if _MARK.findall(text) == in_order else None
    has_link = any(field.name == UNSUBSCRIBE_FIELD for field in template.fields)
    return _Frame(_MARK.split(html), text_part, rendered.prompts, has_link)
