"""Finds the position of an error for which liquid reports no position."""

import re
from collections.abc import Callable

_UNCLOSED = re.compile(r"expected tag (?:one of )?.*?end(\w+)")


def find_error_position(message: str, text: str, is_readable: Callable[[str], bool]) -> int:
    """Return the index of an error: an unclosed block's tag, the first invalid output, or the template's end.

    ``message`` is liquid's error message. ``is_readable`` says whether liquid can parse a piece of the template.
    """
    if (unclosed := _UNCLOSED.search(message)) and (tag_index := _find_unclosed_tag(unclosed[1], text)) is not None:
        return tag_index
    start = text.find("{{")
    while start >= 0 and (end := text.find("}}", start)) >= 0:
        if not is_readable(text[start : end + 2]):
            return start
        start = text.find("{{", end)
    return max(0, len(text) - 1)


def _find_unclosed_tag(tag: str, text: str) -> int | None:
    """Return the index of the innermost tag with this name that is not closed."""
    open_tags: list[int] = []
    for match in re.finditer(rf"\{{%-?\s*(end)?{tag}\b", text):
        if match[1] is None:
            open_tags.append(match.start())
        elif open_tags:
            open_tags.pop()
    return open_tags[-1] if open_tags else None
