"""Sanitizes HTML: removes scripts, handlers, frames and links that run code, and keeps the layout of emails.

What is *rendered* is made safe, for each person, and never a template: so the value of a field is checked with the
place that it stands in, and no tag of a template can move. nh3 writes its result anew with every ``<`` of a text or a
value escaped, which is what lets comments and ``<style>`` be found in it.
"""

import re

import nh3

from api.mail.html.css import safe_declarations, safe_stylesheet
from api.mail.html.limits import check_html

LAYOUT = frozenset(
    {"style", "class", "align", "valign", "width", "height", "border", "cellpadding", "cellspacing", "bgcolor", "dir",
     "lang", "title", "role", "aria-hidden", "aria-label", "nowrap", "hspace", "vspace"}
)  # fmt: skip
_ATTRIBUTES = {
    **{tag: set(names) - {"char", "charoff"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": set(LAYOUT),
    "a": {"href", "hreflang", "target", "name"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "style": {"type", "media"},
    **{tag: {"background", *nh3.ALLOWED_ATTRIBUTES.get(tag, ())} for tag in ("table", "tr", "td", "th")},
}
_WEB = re.compile(r"https?://", re.IGNORECASE)
_HIDDEN_SCHEME = re.compile(r"\s*+[^\s/?#:\x00-\x20\x7f-\xa0]*+[\x00-\x20\x7f-\xa0][^/?#:]*+:")
"""A scheme with spaces or control characters in it, which some programs leave out when they read it."""
_BODY = re.compile(r"<(/?)body(?=[\s>])", re.IGNORECASE)
MARKED = re.compile(r"(<style[^>]*>)(.*?)</style>|<!--(.*?)-->", re.DOTALL)
_MARKER = re.compile(r"(\[if [\w\s!&|().]{1,80}\]><!)(?:--)?|<!\[endif\]")
_REVEALED = re.compile(r"(\[if [\w\s!&|().]{1,80}\])|\[endif\]")
_HIDDEN = re.compile(r"(\[if [\w\s!&|().]{1,80}\]>)(.*)(<!\[endif\])", re.DOTALL)
_OUTLOOK = re.compile(
    r"[^<>]+"
    r"|</?(?:table|tbody|thead|tr|td|th|div|p|br|center|span|font|b|strong|i|em)"
    r"(?P<attributes>(?:\s+[a-z-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[\w#%.-]+))*)\s*/?>"
    r"|<style(?:\s+type=\"text/css\")?\s*>(?P<css>[^<]*)</style>",
    re.IGNORECASE,
)
_OUTLOOK_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w#%.-]+))", re.IGNORECASE)
_OUTLOOK_ATTRIBUTES = (LAYOUT - {"style", "title"}) | {"colspan", "rowspan", "color", "face", "size"}


def _checked(_tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return safe_declarations(value).css or None
    if name in {"background", "cite"}:  # nh3 looks at the schemes of links and images alone
        return value if _WEB.match(value) else None
    if name in {"href", "src"} and _HIDDEN_SCHEME.match(value):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=(set(nh3.ALLOWED_TAGS) | {"style", "font", "tfoot", "big"}),
    clean_content_tags={"script", "title", "iframe", "object", "embed", "noscript", "template", "textarea", "select",
                        "noframes", "noembed", "xmp", "audio", "video", "canvas", "svg", "math"},
    attributes=_ATTRIBUTES,
    attribute_filter=_checked,
    strip_comments=False,
)  # fmt: skip


def as_fragment(html: str) -> str:
    """Return HTML with the body of a whole document as a ``<div>``, so that its background and font stay."""
    return _BODY.sub(r"<\1div", html) if "<body" in html or "<BODY" in html else html


def sanitize(html: str) -> str:
    """Return HTML without elements and attributes that an email must not contain. Render dynamic fields first.

    Raises HtmlLimitError.
    """
    cleaned = clean_elements(html)
    return MARKED.sub(_marked, cleaned) if "<!--" in cleaned or "<style" in cleaned else cleaned


def clean_elements(html: str) -> str:
    """Return HTML with the elements and attributes that may stay, but every comment and stylesheet.

    Raises HtmlLimitError.
    """
    check_html(html)
    return _CLEANER.clean(as_fragment(html))


def _marked(found: re.Match[str]) -> str:
    if found[1] is not None:
        css = safe_stylesheet(found[2]).css
        return f"{found[1]}\n{css}\n</style>" if css else ""
    return safe_comment(found[3])


def safe_comment(said: str) -> str:
    """Return a conditional comment for Outlook that is safe; nothing for every other comment."""
    said = said.strip()
    if marker := _MARKER.fullmatch(said):
        return f"<!--{marker[1] or said}-->"
    if revealed := _REVEALED.fullmatch(said):
        return f"<!--{revealed[1]}><!-->" if revealed[1] else "<!--<![endif]-->"
    if hidden := _HIDDEN.fullmatch(said):
        inside = _for_outlook(hidden[2])
        return "" if inside is None else f"<!--{hidden[1]}{inside}{hidden[3]}-->"
    return ""


def _for_outlook(html: str) -> str | None:
    """Return what a conditional comment holds, where it is of tags for layout alone; None for anything else.

    Such comments open an element here and close it there, so they cannot be parsed one by one: each tag is held
    against a list instead.
    """
    parts: list[str] = []
    at = 0
    while at < len(html):
        token = _OUTLOOK.match(html, at)
        if token is None or not _layout_only(token["attributes"] or ""):
            return None
        at = token.end()
        css = token["css"]
        parts.append(token.group() if css is None else f"<style>{safe_stylesheet(css).css}</style>")
    safe = "".join(parts)
    return None if "-->" in safe or "--!>" in safe else safe


def _layout_only(attributes: str) -> bool:
    for found in _OUTLOOK_ATTRIBUTE.finditer(attributes):
        name, value = found[1].lower(), found[2] or found[3] or found[4] or ""
        if name == "style":
            if safe_declarations(value).removed:
                return False
        elif name not in _OUTLOOK_ATTRIBUTES:
            return False
    return True
