"""Limits for the tags of a template, checked in linear time before anything else reads them.

Liquid's own reader, and regular expressions that look for the end of a tag, take quadratic time for a tag without end
or with very much white space: 20,000 characters of ``{{`` took half a minute. Each tag costs every reader behind this
one some time, so their number is limited, too.
"""

import re
from typing import NamedTuple

MAX_TAG_LENGTH = 5_000
"""Characters of a tag."""
MAX_WHITESPACE_LENGTH = 200
"""Characters of white space in a row, within a tag."""
MAX_TAGS = 2_000
"""Tags and dynamic fields of a template, each line of a ``{% liquid %}`` included."""
MAX_BLOCK_DEPTH = 30
"""Blocks inside of each other, such as ``{% if %}`` and ``{% for %}``."""
MAX_BRANCHES = 500
"""``elsif``, ``else`` and ``when`` of a template."""
MAX_FILTERS = 2_000
"""Filters of a template: each ``|`` within a tag counts."""
_OPENING = re.compile(r"\{[{%]|%7B%7B", re.IGNORECASE)
_CLOSING = {"{{": "}}", "{%": "%}"}
_ENCODED_END = re.compile("%7D%7D", re.IGNORECASE)
_SPACES = re.compile(rf"(?<!\s)\s{{{MAX_WHITESPACE_LENGTH + 1}}}")
_NAME = re.compile(r"\{%-?\s*(\w+)")
_LINE_NAME = re.compile(r"^[ \t]*(\w+)", re.MULTILINE)
_ENDS = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc", "comment")}
_READ_INSIDE = frozenset({"comment"})
"""Blocks that are read like the rest; the content of others may be anything."""
_BLOCKS = frozenset({"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"})
_BLOCK_ENDS = frozenset(f"end{name}" for name in _BLOCKS)
_BRANCHES = frozenset({"elsif", "else", "when"})


class TagProblem(NamedTuple):
    """What is wrong with the tags of a template. ``limit``: whether it breaks a limit."""

    told: str
    place: int
    limit: bool = True


class _Counts:
    """The counts of one template."""

    def __init__(self) -> None:
        self._tags = self._depth = self._branches = self._filters = 0

    def problem(self, tag: str, start: int) -> TagProblem | None:
        """Count one tag; return the limit that it breaks."""
        self._tags += 1
        self._filters += tag.count("|")
        found = _NAME.match(tag)
        if found is not None:
            self._name(found[1])
            if found[1] == "liquid":
                for line in _LINE_NAME.finditer(tag, found.end()):
                    self._tags += 1
                    self._name(line[1])
        for number, most, told in (
            (self._tags, MAX_TAGS, f"a template may have {MAX_TAGS:,} tags and fields"),
            (
                self._depth,
                MAX_BLOCK_DEPTH,
                f"a template may have {MAX_BLOCK_DEPTH} blocks, such as if, inside of each other",
            ),
            (self._branches, MAX_BRANCHES, f"a template may have {MAX_BRANCHES} branches (elsif, else, when)"),
            (self._filters, MAX_FILTERS, f"a template may have {MAX_FILTERS:,} filters"),
        ):
            if number > most:
                return TagProblem(told, start)
        return None

    def _name(self, name: str) -> None:
        if name in _BLOCKS:
            self._depth += 1
        elif name in _BLOCK_ENDS:
            self._depth = max(0, self._depth - 1)
        else:
            self._branches += name in _BRANCHES


def tag_problem(source: str) -> TagProblem | None:
    """Return what is wrong with the tags of a template; None for nothing."""
    counts = _Counts()
    last: dict[str, int] = {}
    at = 0
    while (opening := _OPENING.search(source, at)) is not None:
        start = opening.start()
        if (closing := _CLOSING.get(opening.group())) is None:
            end = _ENCODED_END.search(source, opening.end(), start + MAX_TAG_LENGTH)
            at = end.end() if end else opening.end()
            if wrong := counts.problem(source[start:at], start):
                return wrong
            continue
        found_at = source.find(closing, start + 2, start + MAX_TAG_LENGTH)
        if found_at < 0:
            if source.find(closing, start + 2) < 0:
                return TagProblem(f"expected '{closing}', found end of file", start, limit=False)
            return TagProblem(f"a tag may have {MAX_TAG_LENGTH} characters", start)
        at = found_at + 2
        tag = source[start:at]
        if _SPACES.search(tag):
            return TagProblem(f"a tag may have {MAX_WHITESPACE_LENGTH} characters of white space in a row", start)
        if wrong := counts.problem(tag, start):
            return wrong
        name = _NAME.match(tag)
        if name is None or name[1] not in _ENDS:
            continue
        if name[1] not in last:
            last[name[1]] = max((found.start() for found in _ENDS[name[1]].finditer(source)), default=-1)
        if last[name[1]] < at:
            return TagProblem(f"{name[1]} tag was never closed", start, limit=False)
        if name[1] not in _READ_INSIDE and (block_end := _ENDS[name[1]].search(source, at)) is not None:
            at = block_end.end()
    return None
