"""Safe CSS, for ``style`` attributes and ``<style>`` elements: what lays out an email, nothing that loads or runs code.

Declarations are serialized from tinycss2's tokens, so that mail programs read them exactly as they were checked. Images
from web servers are allowed in ``style`` attributes only.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import tinycss2

from api.mail.cache import Cache, cached_in, text_bytes

CSS_CACHE_BYTES = 4_000_000
"""Size of each cache, of declarations and of stylesheets, in bytes."""

MAX_CSS_LENGTH = 60_000
"""Most CSS of an email, in characters; repeated CSS counts once."""
MAX_CSS_PARTS = 4_000
"""Declarations, rules and functions of that CSS: each takes tinycss2 up to 60 µs."""
MAX_CSS_DEPTH = 30
"""Blocks, parentheses and brackets inside of each other."""
_BRACKET = re.compile(r"[(\[{]|([)\]}])")
_WORD = r"(?:-?[A-Za-z][A-Za-z-]*|#[0-9A-Fa-f]{3,8}|-?[0-9]+(?:\.[0-9]+)?(?:px|pt|em|rem|%)?)"
_PLAIN = re.compile(rf"\s*([A-Za-z][A-Za-z-]{{0,59}})\s*:\s*({_WORD}(?:(?:, ?| ){_WORD})*+)( ?!important)?\s*")
"""A declaration that tinycss2 would write as it is."""
_NAME = re.compile(r"-?[a-z][a-z0-9-]{0,60}")
_REFUSED = frozenset({"behavior", "-moz-binding", "-ms-behavior", "src"})
_FUNCTIONS = frozenset(
    {"rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp", "linear-gradient", "radial-gradient", "translate",
     "translatex", "translatey", "scale", "rotate", "cubic-bezier"}
)  # fmt: skip
_IMAGES = frozenset({"background", "background-image", "list-style", "list-style-image", "border-image"})
_IMAGE = re.compile(r"https?://[^\s\"'()\\<>]+", re.IGNORECASE)
_SELECTOR = re.compile(r"[\w\s.#:,>+~*\[\]=\"'()^$|-]*")
_MEDIA = re.compile(r"[\w\s:,.()>=-]*")
_OUT_OF_PLACE = frozenset({"fixed", "sticky", "absolute"})


class Safe(NamedTuple):
    """CSS without what was taken out of it, and the names of that."""

    css: str
    removed: tuple[str, ...]


TOO_DEEP = Safe("", ("CSS that is nested too deeply",))


def _css_bytes(safe: Safe, css: str) -> int:
    return text_bytes(css, safe.css, *safe.removed)


@cached_in(Cache[Safe](CSS_CACHE_BYTES, _css_bytes))
def safe_declarations(css: str) -> Safe:
    """Return the declarations of a ``style`` attribute that may stay."""
    if (plain := _plain(css)) is not None:
        return plain
    if _too_deep(css):
        return TOO_DEEP
    try:
        nodes = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
        kept, removed = _declarations(nodes, images=True)
    except RecursionError:
        return TOO_DEEP
    return Safe("; ".join(kept), tuple(removed))


@cached_in(Cache[Safe](CSS_CACHE_BYTES, _css_bytes))
def safe_stylesheet(css: str) -> Safe:
    """Return the rules of a ``<style>`` element that may stay."""
    if _too_deep(css):
        return TOO_DEEP
    try:
        nodes = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
        kept, removed = _rules(nodes, nested=False)
    except RecursionError:
        return TOO_DEEP
    return Safe("\n".join(kept), tuple(removed))


def _plain(css: str) -> Safe | None:
    """Return what ``safe_declarations`` returns where every declaration is plain, and much sooner; else None."""
    kept: list[str] = []
    for declaration in css.split(";"):
        if not declaration or declaration.isspace():
            continue
        found = _PLAIN.fullmatch(declaration)
        if found is None or (name := found[1].lower()) == "position" or name in _REFUSED:
            return None
        kept.append(f"{name}: {found[2]}{' !important' if found[3] else ''}")
    return Safe("; ".join(kept), ())


def _too_deep(css: str) -> bool:
    """Whether CSS is nested deeper than it may be, as if all of its brackets were of one kind."""
    depth = 0
    for bracket in _BRACKET.finditer(css):
        depth = max(0, depth - 1) if bracket[1] else depth + 1
        if depth > MAX_CSS_DEPTH:
            return True
    return False


def _rules(nodes: Iterable[Any], *, nested: bool) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    removed: list[str] = []
    for node in nodes:
        if node.type == "qualified-rule":
            rule, lost = _rule(node)
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None and not nested:
            rule, lost = _media(node)
        else:
            rule, lost = None, [f"@{node.lower_at_keyword}" if node.type == "at-rule" else "a rule that cannot be read"]
        removed += lost
        if rule is not None and "<" not in rule:
            kept.append(rule)
    return kept, removed


def _rule(node: Any) -> tuple[str | None, list[str]]:
    selector = tinycss2.serialize(node.prelude).strip()
    if not _SELECTOR.fullmatch(selector):
        return None, ["a rule with an unknown selector"]
    inside = tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True)
    kept, removed = _declarations(inside, images=False)
    return f"{selector} {{ {'; '.join(kept)} }}" if kept else None, removed


def _media(node: Any) -> tuple[str | None, list[str]]:
    query = tinycss2.serialize(node.prelude).strip()
    if not _MEDIA.fullmatch(query):
        return None, ["@media"]
    inside = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
    kept, removed = _rules(inside, nested=True)
    return f"@media {query} {{ {' '.join(kept)} }}" if kept else None, removed


def _declarations(nodes: Iterable[Any], images: bool) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    removed: list[str] = []
    for node in nodes:
        if node.type != "declaration":
            removed.append("a declaration that cannot be read")
            continue
        value = tinycss2.serialize(node.value).strip()
        name = node.lower_name
        if _allowed(name, node.value, images) and "<" not in value and "\\" not in value:
            kept.append(f"{name}: {value}{' !important' if node.important else ''}")
        else:
            removed.append(name[:40])
    return kept, removed


def _allowed(name: str, value: Sequence[Any], images: bool) -> bool:
    if not _NAME.fullmatch(name) or name in _REFUSED:
        return False
    return all(_token_allowed(name, token, images) for token in value)


def _token_allowed(name: str, token: Any, images: bool) -> bool:
    kind = token.type
    if kind == "url":
        return images and name in _IMAGES and _IMAGE.fullmatch(token.value) is not None
    if kind == "function":
        if token.lower_name == "url":
            return (
                images
                and name in _IMAGES
                and [each.type for each in token.arguments] == ["string"]
                and _IMAGE.fullmatch(token.arguments[0].value) is not None
            )
        return token.lower_name in _FUNCTIONS and all(_token_allowed(name, each, images) for each in token.arguments)
    if kind == "ident" and name == "position":
        return token.lower_value not in _OUT_OF_PLACE
    return kind in {"ident", "number", "percentage", "dimension", "hash", "string", "literal", "whitespace"}
