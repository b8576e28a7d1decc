"""Sanitizes CSS of ``style`` attributes and ``<style>`` elements: keeps layout, removes what loads or runs code.

Declarations are serialized from tinycss2's tokens, so that email clients parse them exactly as they were checked.
Images from web servers are allowed in ``style`` attributes only.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import tinycss2

from api.mail.cache import Cache, cached_in, text_bytes

CSS_CACHE_BYTES = 4_000_000
"""Size of each cache, of declarations and of stylesheets, in bytes."""

MAX_CSS_LENGTH = 60_000
"""Most CSS in an email, in characters. Repeated CSS counts once."""
MAX_CSS_PARTS = 4_000
"""Most declarations, rules and functions of that CSS together. tinycss2 takes up to 60 µs for each."""
MAX_CSS_DEPTH = 30
"""Deepest nesting of blocks, parentheses and brackets."""
_BRACKET = re.compile(r"[(\[{]|([)\]}])")
_WORD = r"(?:-?[A-Za-z][A-Za-z-]*|#[0-9A-Fa-f]{3,8}|-?[0-9]+(?:\.[0-9]+)?(?:px|pt|em|rem|%)?)"
_SIMPLE_DECLARATION = re.compile(
    rf"\s*([A-Za-z][A-Za-z-]{{0,59}})\s*:\s*({_WORD}(?:(?:, ?| ){_WORD})*+)( ?!important)?\s*"
)
"""A declaration that tinycss2 serializes unchanged."""
_NAME = re.compile(r"-?[a-z][a-z0-9-]{0,60}")
_FORBIDDEN_PROPERTIES = frozenset({"behavior", "-moz-binding", "-ms-behavior", "src"})
_ALLOWED_FUNCTIONS = frozenset(
    {"rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp", "linear-gradient", "radial-gradient", "translate",
     "translatex", "translatey", "scale", "rotate", "cubic-bezier"}
)  # fmt: skip
_IMAGE_PROPERTIES = frozenset({"background", "background-image", "list-style", "list-style-image", "border-image"})
_IMAGE_URL = re.compile(r"https?://[^\s\"'()\\<>]+", re.IGNORECASE)
_SELECTOR = re.compile(r"[\w\s.#:,>+~*\[\]=\"'()^$|-]*")
_MEDIA = re.compile(r"[\w\s:,.()>=-]*")
_FORBIDDEN_POSITIONS = frozenset({"fixed", "sticky", "absolute"})


class SanitizedCss(NamedTuple):
    """The result of sanitizing CSS."""

    css: str
    """The CSS that may be sent."""
    removed: tuple[str, ...]
    """What was removed: names of properties or at-rules, or a description such as ``CSS that is nested too deeply``."""


TOO_DEEP = SanitizedCss("", ("CSS that is nested too deeply",))


def _css_bytes(sanitized: SanitizedCss, css: str) -> int:
    return text_bytes(css, sanitized.css, *sanitized.removed)


@cached_in(Cache[SanitizedCss](CSS_CACHE_BYTES, _css_bytes))
def sanitize_declarations(css: str) -> SanitizedCss:
    """Sanitize the declarations of a ``style`` attribute, such as ``color: red; position: fixed``."""
    if (sanitized := _sanitize_simple(css)) is not None:
        return sanitized
    if _is_too_deep(css):
        return TOO_DEEP
    try:
        nodes = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
        kept, removed = _sanitize_declarations(nodes, images=True)
    except RecursionError:
        return TOO_DEEP
    return SanitizedCss("; ".join(kept), tuple(removed))


@cached_in(Cache[SanitizedCss](CSS_CACHE_BYTES, _css_bytes))
def sanitize_stylesheet(css: str) -> SanitizedCss:
    """Sanitize the rules of a ``<style>`` element."""
    if _is_too_deep(css):
        return TOO_DEEP
    try:
        nodes = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
        kept, removed = _sanitize_rules(nodes, nested=False)
    except RecursionError:
        return TOO_DEEP
    return SanitizedCss("\n".join(kept), tuple(removed))


def _sanitize_simple(css: str) -> SanitizedCss | None:
    """Sanitize CSS of simple declarations only, much faster than tinycss2. Returns None for other CSS."""
    kept: list[str] = []
    for declaration in css.split(";"):
        if not declaration or declaration.isspace():
            continue
        match = _SIMPLE_DECLARATION.fullmatch(declaration)
        if match is None or (name := match[1].lower()) == "position" or name in _FORBIDDEN_PROPERTIES:
            return None
        kept.append(f"{name}: {match[2]}{' !important' if match[3] else ''}")
    return SanitizedCss("; ".join(kept), ())


def _is_too_deep(css: str) -> bool:
    """Say whether CSS is nested deeper than MAX_CSS_DEPTH. All kinds of brackets are counted as one."""
    depth = 0
    for bracket in _BRACKET.finditer(css):
        depth = max(0, depth - 1) if bracket[1] else depth + 1
        if depth > MAX_CSS_DEPTH:
            return True
    return False


def _sanitize_rules(nodes: Iterable[Any], *, nested: bool) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    removed: list[str] = []
    for node in nodes:
        if node.type == "qualified-rule":
            rule, removed_here = _sanitize_rule(node)
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None and not nested:
            rule, removed_here = _sanitize_media(node)
        else:
            is_at_rule = node.type == "at-rule"
            rule, removed_here = None, [f"@{node.lower_at_keyword}" if is_at_rule else "a rule that cannot be read"]
        removed += removed_here
        if rule is not None and "<" not in rule:
            kept.append(rule)
    return kept, removed


def _sanitize_rule(node: Any) -> tuple[str | None, list[str]]:
    selector = tinycss2.serialize(node.prelude).strip()
    if not _SELECTOR.fullmatch(selector):
        return None, ["a rule with an unknown selector"]
    content = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
    kept, removed = _sanitize_declarations(content, images=False)
    return f"{selector} {{ {'; '.join(kept)} }}" if kept else None, removed


def _sanitize_media(node: Any) -> tuple[str | None, list[str]]:
    query = tinycss2.serialize(node.prelude).strip()
    if not _MEDIA.fullmatch(query):
        return None, ["@media"]
    content = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
    kept, removed = _sanitize_rules(content, nested=True)
    return f"@media {query} {{ {' '.join(kept)} }}" if kept else None, removed


def _sanitize_declarations(nodes: Iterable[Any], images: bool) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    removed: list[str] = []
    for node in nodes:
        if node.type != "declaration":
            removed.append("a declaration that cannot be read")
            continue
        value = tinycss2.serialize(node.value).strip()
        name = node.lower_name
        if _is_allowed(name, node.value, images) and "<" not in value and "\\" not in value:
            kept.append(f"{name}: {value}{' !important' if node.important else ''}")
        else:
            removed.append(name[:40])
    return kept, removed


def _is_allowed(name: str, value: Sequence[Any], images: bool) -> bool:
    if not _NAME.fullmatch(name) or name in _FORBIDDEN_PROPERTIES:
        return False
    return all(_is_token_allowed(name, token, images) for token in value)


def _is_token_allowed(name: str, token: Any, images: bool) -> bool:
    kind = token.type
    if kind == "url":
        return images and name in _IMAGE_PROPERTIES and _IMAGE_URL.fullmatch(token.value) is not None
    if kind == "function":
        if token.lower_name == "url":
            return (
                images
                and name in _IMAGE_PROPERTIES
                and [each.type for each in token.arguments] == ["string"]
                and _IMAGE_URL.fullmatch(token.arguments[0].value) is not None
            )
        return token.lower_name in _ALLOWED_FUNCTIONS and all(
            _is_token_allowed(name, each, images) for each in token.arguments
        )
    if kind == "ident" and name == "position":
        return token.lower_value not in _FORBIDDEN_POSITIONS
    return kind in {"ident", "number", "percentage", "dimension", "hash", "string", "literal", "whitespace"}
