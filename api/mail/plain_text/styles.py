"""What inline CSS does to a text: whether people see it, and where it has lines, blank lines and spaces of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"([0-9]*\.?[0-9]+)([a-z%]*)")
_FONT_SIZE = re.compile(r"(?:^|\s)([0-9]*\.?[0-9]+(?:px|pt|em|rem|%|vw)|0(?=[/\s]))")
_LINES = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root"})

PROPERTIES = frozenset(
    {
        "display", "visibility", "opacity", "overflow", "overflow-y", "max-height", "height", "max-width", "width",
        "font", "font-size", "white-space", "mso-hide", "margin", "margin-top", "margin-bottom", "padding",
        "padding-top", "padding-bottom",
    }
)  # fmt: skip
"""The properties that are read here."""
_PIXELS = {"": 1.0, "px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "mm": 3.78, "cm": 37.8, "in": 96.0}
BLANK_LINE_PIXELS = 8
"""Pixels of margin or padding that read as a blank line."""


@dataclass(frozen=True, slots=True)
class Style:
    """What an element's ``style`` and ``hidden`` say. None means that it keeps what the element around it has."""

    removed: bool = False
    """Nothing of it can be seen, whatever the elements inside it say."""
    outlook_only_hidden: bool = False
    """Outlook hides it and other programs show it."""
    invisible: bool | None = None
    tiny: bool | None = None
    preformatted: bool | None = None
    own_line: bool = False
    space_before: bool | None = None
    """Whether margin or padding makes a gap above; None where nothing is said about the margin."""
    space_after: bool | None = None


PLAIN = Style()


def style_of(said: str, hidden: bool) -> Style:
    """Return what an element's CSS says, and its ``hidden`` attribute."""
    if not said:
        return Style(removed=True) if hidden else PLAIN
    css = {name: value.removesuffix("!important").strip() for name, value in declarations(said).items()}
    return Style(
        removed=_removed(css, hidden),
        outlook_only_hidden=css.get("mso-hide") == "all",
        invisible=css["visibility"] in {"hidden", "collapse"} if "visibility" in css else None,
        tiny=_tiny(css),
        preformatted=css["white-space"].startswith(("pre", "break-spaces")) if "white-space" in css else None,
        own_line=css.get("display") in _LINES,
        space_before=_gap(css, "top", 0),
        space_after=_gap(css, "bottom", 2),
    )


def declarations(css: str) -> dict[str, str]:
    """Return properties with their values, in small letters; of a name the last counts that is most important."""
    found: dict[str, str] = {}
    for declaration in css.lower().split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip(), " ".join(value.split())
        if colon and (value.endswith("!important") or not found.get(name, "").endswith("!important")):
            found[name] = value
    return found


def _removed(css: Mapping[str, str], hidden: bool) -> bool:
    display = css.get("display")
    if display == "none" or (hidden and display is None) or _is_zero(css.get("opacity")):
        return True
    clipped = css.get("overflow", css.get("overflow-y", "")) in {"hidden", "clip"}
    return clipped and any(_is_zero(css.get(name)) for name in ("max-height", "height", "max-width", "width"))


def _gap(css: Mapping[str, str], side: str, place: int) -> bool | None:
    """Say whether there is a gap at a side, whose ``place`` is where the shorthand of four values has it."""
    margin, padding = (_length(css, name, side, place) for name in ("margin", "padding"))
    if (margin or 0) + (padding or 0) >= BLANK_LINE_PIXELS:
        return True
    return None if margin is None else False


def _length(css: Mapping[str, str], name: str, side: str, place: int) -> float | None:
    value = css.get(f"{name}-{side}")
    if value is None:
        values = css.get(name, "").split()
        value = "" if not values else values[place] if len(values) > place else values[0]
    number = _NUMBER.fullmatch(value)
    return float(number.group(1)) * _PIXELS.get(number.group(2), 0) if number else None


def _is_zero(value: str | None) -> bool:
    number = _NUMBER.fullmatch(value) if value else None
    return number is not None and float(number.group(1)) == 0


def _tiny(css: Mapping[str, str]) -> bool | None:
    """Say whether the letters are too small to read: designers hide the preview text of an inbox so."""
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
