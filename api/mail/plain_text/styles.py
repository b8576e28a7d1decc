"""How CSS changes the text of an element: whether it is visible, and which line breaks and spaces it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"([0-9]*\.?[0-9]+)([a-z%]*)")
_FONT_SIZE = re.compile(r"(?:^|\s)([0-9]*\.?[0-9]+(?:px|pt|em|rem|%|vw)|0(?=[/\s]))")
_BLOCK_DISPLAYS = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root"})

PROPERTIES = frozenset(
    {
        "display", "visibility", "opacity", "overflow", "overflow-y", "max-height", "height", "max-width", "width",
        "font", "font-size", "white-space", "mso-hide", "margin", "margin-top", "margin-bottom", "padding",
        "padding-top", "padding-bottom",
    }
)  # fmt: skip
"""The CSS properties that matter for the text part."""
_PIXELS_PER_UNIT = {"": 1.0, "px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "mm": 3.78, "cm": 37.8, "in": 96.0}
BLANK_LINE_PIXELS = 8
"""Smallest margin plus padding that is shown as a blank line, in CSS pixels."""


@dataclass(frozen=True, slots=True)
class Style:
    """The effect of an element's CSS and ``hidden`` attribute. None means that the value is inherited."""

    removed: bool = False
    """The element and all elements inside it are hidden, whatever their own CSS is."""
    outlook_only_hidden: bool = False
    """Outlook hides it and other email clients show it."""
    invisible: bool | None = None
    unreadable: bool | None = None
    preformatted: bool | None = None
    is_block: bool = False
    space_before: bool | None = None
    """Whether margin and padding make a gap above; None if the margin is not set."""
    space_after: bool | None = None


NO_STYLE = Style()


def parse_style(css: str, hidden: bool) -> Style:
    """Return the effect of CSS declarations and of the ``hidden`` attribute."""
    if not css:
        return Style(removed=True) if hidden else NO_STYLE
    values = {name: value.removesuffix("!important").strip() for name, value in declarations(css).items()}
    return Style(
        removed=_is_removed(values, hidden),
        outlook_only_hidden=values.get("mso-hide") == "all",
        invisible=values["visibility"] in {"hidden", "collapse"} if "visibility" in values else None,
        unreadable=_is_unreadable(values),
        preformatted=values["white-space"].startswith(("pre", "break-spaces")) if "white-space" in values else None,
        is_block=values.get("display") in _BLOCK_DISPLAYS,
        space_before=_has_gap(values, "top", 0),
        space_after=_has_gap(values, "bottom", 2),
    )


def declarations(css: str) -> dict[str, str]:
    """Return the properties with their values, in lower case. The last wins, unless an earlier is ``!important``."""
    found: dict[str, str] = {}
    for declaration in css.lower().split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip(), " ".join(value.split())
        if colon and (value.endswith("!important") or not found.get(name, "").endswith("!important")):
            found[name] = value
    return found


def _is_removed(css: Mapping[str, str], hidden: bool) -> bool:
    display = css.get("display")
    if display == "none" or (hidden and display is None) or _is_zero(css.get("opacity")):
        return True
    clipped = css.get("overflow", css.get("overflow-y", "")) in {"hidden", "clip"}
    return clipped and any(_is_zero(css.get(name)) for name in ("max-height", "height", "max-width", "width"))


def _has_gap(css: Mapping[str, str], side: str, index: int) -> bool | None:
    """Say whether there is a gap at a side. ``index`` is the side's index in shorthands of four values."""
    margin, padding = (_pixels(css, name, side, index) for name in ("margin", "padding"))
    if (margin or 0) + (padding or 0) >= BLANK_LINE_PIXELS:
        return True
    return None if margin is None else False


def _pixels(css: Mapping[str, str], name: str, side: str, index: int) -> float | None:
    value = css.get(f"{name}-{side}")
    if value is None:
        values = css.get(name, "").split()
        value = "" if not values else values[index] if len(values) > index else values[0]
    number = _NUMBER.fullmatch(value)
    return float(number.group(1)) * _PIXELS_PER_UNIT.get(number.group(2), 0) if number else None


def _is_zero(value: str | None) -> bool:
    number = _NUMBER.fullmatch(value) if value else None
    return number is not None and float(number.group(1)) == 0


def _is_unreadable(css: Mapping[str, str]) -> bool | None:
    """Say whether the font is too small to read. Designers hide an email's preview text this way."""
    size = css.get("font-size")
    if size is None and (shorthand := _FONT_SIZE.search(css.get("font", ""))):
        size = shorthand.group(1)
    number = _NUMBER.fullmatch(size) if size else None
    if number is None:
        return None
    value, unit = float(number.group(1)), number.group(2)
    if value == 0 or (unit in {"px", "pt"} and value <= 1):
        return True
    return None if unit in {"em", "%"} else False
