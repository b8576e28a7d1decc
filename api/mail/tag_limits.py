"""Limits for the tags of a template, checked in linear time before anything else reads them.

Liquid's own reader, and regular expressions that look for the end of a tag, take quadratic time for a tag without end
or with very much white space: 20,000 characters of ``{{`` took half a minute.
"""

import re

TAG_MOST = 5_000
"""Characters of a tag."""
SPACES_MOST = 200
"""Characters of white space in a row, within a tag."""
_OPENING = re.compile(r"\{[{%]")
_SPACES = re.compile(rf"(?<!\s)\s{{{SPACES_MOST + 1}}}")
_BLOCK = re.compile(r"\{%-?\s*(raw|doc|comment)\b")
_ENDS = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc", "comment")}
_READ_INSIDE = frozenset({"comment"})
"""Blocks that are read like the rest; the content of others may be anything."""


def tag_problem(source: str) -> tuple[str, int] | None:
    """Return what is wrong with the tags of a template, and where; None for nothing."""
    last: dict[str, int] = {}
    at = 0
    while (opening := _OPENING.search(source, at)) is not None:
        start = opening.start()
        closing = "}}" if opening.group() == "{{" else "%}"
        end = source.find(closing, start + 2, start + TAG_MOST)
        if end < 0:
            if source.find(closing, start + 2) < 0:
                return f"expected '{closing}', found end of file", start
            return f"a tag may have {TAG_MOST} characters", start
        at = end + 2
        tag = source[start:at]
        if _SPACES.search(tag):
            return f"a tag may have {SPACES_MOST} characters of white space in a row", start
        if (block := _BLOCK.match(tag)) is None:
            continue
        name = block[1]
        if name not in last:
            last[name] = max((found.start() for found in _ENDS[name].finditer(source)), default=-1)
        if last[name] < at:
            return f"{name} tag was never closed", start
        if name not in _READ_INSIDE and (found := _ENDS[name].search(source, at)) is not None:
            at = found.end()
    return None
