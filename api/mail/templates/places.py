"""Where in a template an error is that liquid itself does not place."""

import re
from collections.abc import Callable

_UNCLOSED = re.compile(r"expected tag (?:one of )?.*?end(\w+)")


def place_of(message: str, text: str, readable: Callable[[str], bool]) -> int:
    """Return where it is: an unclosed block's tag, the first output that cannot be read, or the template's end."""
    if (unclosed := _UNCLOSED.search(message)) and (opened := _opened(unclosed[1], text)) is not None:
        return opened
    at = text.find("{{")
    while at >= 0 and (end := text.find("}}", at)) >= 0:
        if not readable(text[at : end + 2]):
            return at
        at = text.find("{{", end)
    return max(0, len(text) - 1)


def _opened(tag: str, text: str) -> int | None:
    """Return the innermost tag of a kind that is not closed."""
    open_: list[int] = []
    for found in re.finditer(rf"\{{%-?\s*(end)?{tag}\b", text):
        if found[1] is None:
            open_.append(found.start())
        elif open_:
            open_.pop()
    return open_[-1] if open_ else None
