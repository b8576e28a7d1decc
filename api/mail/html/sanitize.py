"""Sanitizes HTML: removes scripts, handlers, frames and links that run code, and keeps the layout of emails.

The *rendered* HTML of each person is sanitized, never a template. So the values of fields are checked in their context,
and the tags of a template cannot be moved. nh3 escapes every ``<`` in texts and values of its output, so regular
expressions find comments and ``<style>`` elements in it reliably.
"""

import re

import nh3

from api.mail.html.css import sanitize_declarations, sanitize_stylesheet
from api.mail.html.limits import check_html

LAYOUT_ATTRIBUTES = frozenset(
    {"style", "class", "align", "valign", "width", "height", "border", "cellpadding", "cellspacing", "bgcolor", "dir",
     "lang", "title", "role", "aria-hidden", "aria-label", "nowrap", "hspace", "vspace"}
)  # fmt: skip
_ATTRIBUTES = {
    **{tag: set(names) - {"char", "charoff"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": set(LAYOUT_ATTRIBUTES),
    "a": {"href", "hreflang", "target", "name"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type", "reversed"},
    "ul": {"type"},
    "li": {"value", "type"},
    "style": {"type", "media"},
    **{tag: {"background", *nh3.ALLOWED_ATTRIBUTES.get(tag, ())} for tag in ("table", "tr", "td", "th")},
}
_WEB_URL = re.compile(r"https?://", re.IGNORECASE)
_IGNORED = r"\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
_HIDDEN_SCHEME = re.compile(rf"[\x00-\x20]*+[^\s/?#:{_IGNORED}]*+[{_IGNORED}][^/?#:]*+:")
"""A URL scheme that contains spaces, control characters or invisible ones. Some programs ignore these characters."""
_BODY = re.compile(r"<(/?)body(?=[\s>])", re.IGNORECASE)
STYLE_OR_COMMENT = re.compile(r"(<style[^>]*>)(.*?)</style>|<!--(.*?)-->", re.DOTALL)
_MARKER = re.compile(r"(\[if [\w\s!&|().]{1,80}\]><!)(?:--)?|<!\[endif\]")
_DOWNLEVEL_REVEALED = re.compile(r"(\[if [\w\s!&|().]{1,80}\])|\[endif\]")
_DOWNLEVEL_HIDDEN = re.compile(r"(\[if [\w\s!&|().]{1,80}\]>)(.*)(<!\[endif\])", re.DOTALL)
_OUTLOOK_TOKEN = re.compile(
    r"[^<>]+"
    r"|</?(?:table|tbody|thead|tr|td|th|div|p|br|center|span|font|b|strong|i|em)"
    r"(?P<attributes>(?:\s+[a-z-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[\w#%.-]+))*)\s*/?>"
    r"|<style(?:\s+type=\"text/css\")?\s*>(?P<css>[^<]*)</style>",
    re.IGNORECASE,
)
_OUTLOOK_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w#%.-]+))", re.IGNORECASE)
_OUTLOOK_ATTRIBUTES = (LAYOUT_ATTRIBUTES - {"style", "title"}) | {"colspan", "rowspan", "color", "face", "size"}


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return sanitize_declarations(value).css or None
    if name in {"background", "cite"}:  # nh3 checks the schemes of links and images only
        return value if _WEB_URL.match(value) else None
    if name in {"href", "src"} and _HIDDEN_SCHEME.match(value):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=(set(nh3.ALLOWED_TAGS) | {"style", "font", "tfoot", "big"}),
    clean_content_tags={"script", "title", "iframe", "object", "embed", "noscript", "template", "textarea", "select",
                        "noframes", "noembed", "xmp", "audio", "video", "canvas", "svg", "math"},
    attributes=_ATTRIBUTES,
    attribute_filter=_filter_attribute,
    strip_comments=False,
)  # fmt: skip


def as_fragment(html: str) -> str:
    """Return a document with its ``<body>`` as a ``<div>``, which keeps its background and font."""
    return _BODY.sub(r"<\1div", html) if "<body" in html or "<BODY" in html else html


def sanitize(html: str) -> str:
    """Return HTML without elements and attributes that an email must not contain. Render dynamic fields first.

    Raises HtmlLimitError.
    """
    cleaned = clean_elements(html)
    if "<!--" in cleaned or "<style" in cleaned:
        return STYLE_OR_COMMENT.sub(_replace_style_or_comment, cleaned)
    return cleaned


def clean_elements(html: str) -> str:
    """Remove forbidden elements and attributes. Comments and stylesheets are not sanitized yet.

    Raises HtmlLimitError.
    """
    check_html(html)
    return _CLEANER.clean(as_fragment(html))


def _replace_style_or_comment(match: re.Match[str]) -> str:
    if match[1] is not None:
        css = sanitize_stylesheet(match[2]).css
        return f"{match[1]}\n{css}\n</style>" if css else ""
    return sanitize_comment(match[3])


def sanitize_comment(content: str) -> str:
    """Return a safe comment for ``content``, if it is a conditional comment for Outlook; "" for other comments."""
    content = content.strip()
    if marker := _MARKER.fullmatch(content):
        return f"<!--{marker[1] or content}-->"
    if revealed := _DOWNLEVEL_REVEALED.fullmatch(content):
        return f"<!--{revealed[1]}><!-->" if revealed[1] else "<!--<![endif]-->"
    if hidden := _DOWNLEVEL_HIDDEN.fullmatch(content):
        outlook_html = _sanitize_for_outlook(hidden[2])
        return "" if outlook_html is None else f"<!--{hidden[1]}{outlook_html}{hidden[3]}-->"
    return ""


def _sanitize_for_outlook(html: str) -> str | None:
    """Return the content of a conditional comment if it has only layout tags; None otherwise.

    One comment may open an element that another one closes, so a single comment cannot be parsed as HTML. Its tags are
    compared with a list instead.
    """
    parts: list[str] = []
    position = 0
    while position < len(html):
        token = _OUTLOOK_TOKEN.match(html, position)
        if token is None or not _has_layout_only(token["attributes"] or ""):
            return None
        position = token.end()
        css = token["css"]
        parts.append(token.group() if css is None else f"<style>{sanitize_stylesheet(css).css}</style>")
    sanitized = "".join(parts)
    return None if "-->" in sanitized or "--!>" in sanitized else sanitized


def _has_layout_only(attributes: str) -> bool:
    for match in _OUTLOOK_ATTRIBUTE.finditer(attributes):
        name, value = match[1].lower(), match[2] or match[3] or match[4] or ""
        if name == "style":
            if sanitize_declarations(value).removed:
                return False
        elif name not in _OUTLOOK_ATTRIBUTES:
            return False
    return True
