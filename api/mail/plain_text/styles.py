"""What inline CSS does to a text: whether people see it, whether it has a line of its own, whether its spaces count."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"([0-9]*\.?[0-9]+)([a-z%]*)")
_FONT_SIZE = re.compile(r"(?:^|\s)([0-9]*\.?[0-9]+(?:px|pt|em|rem|%|vw)|0(?=[/\s]))")
_LINES = frozenset({"block", "flex", "grid", "table", "list-item", "flow-root"})


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


PLAIN = Style()


def style_of(attributes: Mapping[str, str]) -> Style:
    """Return what an element's attributes say."""
    if "style" not in attributes:
        return Style(removed=True) if "hidden" in attributes else PLAIN
    css = declarations(attributes["style"])
    return Style(
        removed=_removed(css, "hidden" in attributes),
        outlook_only_hidden=css.get("mso-hide") == "all",
        invisible=css["visibility"] in {"hidden", "collapse"} if "visibility" in css else None,
        tiny=_tiny(css),
        preformatted=css["white-space"].startswith(("pre", "break-spaces")) if "white-space" in css else None,
        own_line=css.get("display") in _LINES,
    )


def declarations(css: str) -> dict[str, str]:
    """Return the properties of a style attribute, in small letters; the last of a name counts."""
    found: dict[str, str] = {}
    for declaration in css.lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


def _removed(css: Mapping[str, str], hidden: bool) -> bool:
    display = css.get("display")
    if display == "none" or (hidden and display is None) or _is_zero(css.get("opacity")):
        return True
    clipped = css.get("overflow", css.get("overflow-y", "")) in {"hidden", "clip"}
    return clipped and any(_is_zero(css.get(name)) for name in ("max-height", "height", "max-width", "width"))


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
