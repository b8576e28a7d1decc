"""Limits for the tags of a template, checked in linear time before liquid parses it.

Liquid's parser, and regular expressions that look for the end of a tag, take quadratic time for a tag without an end or
with a lot of white space: 20,000 characters of ``{{`` took half a minute. The number of tags is limited as well,
because each costs every later step some time.
"""

import re
from dataclasses import dataclass

MAX_TAG_LENGTH = 5_000
"""Longest tag, in characters."""
MAX_WHITESPACE_LENGTH = 200
"""Longest run of white space in a tag, in characters."""
MAX_TAGS = 2_000
"""Most tags and fields of a template. Each line of a ``{% liquid %}`` tag counts."""
MAX_BLOCK_DEPTH = 30
"""Deepest nesting of blocks, such as ``{% if %}`` and ``{% for %}``."""
MAX_BRANCHES = 500
"""Most ``elsif``, ``else`` and ``when`` of a template."""
MAX_FILTERS = 2_000
"""Most filters of a template. Each ``|`` in a tag counts."""
_OPENING = re.compile(r"\{[{%]|%7B%7B", re.IGNORECASE)
_CLOSING = {"{{": "}}", "{%": "%}"}
_ENCODED_END = re.compile("%7D%7D", re.IGNORECASE)
_SPACES = re.compile(rf"(?<!\s)\s{{{MAX_WHITESPACE_LENGTH + 1}}}")
_NAME = re.compile(r"\{%-?\s*(\w+)")
_LINE_NAME = re.compile(r"^[ \t]*(\w+)", re.MULTILINE)
_ENDS = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc", "comment")}
_PARSED_BLOCKS = frozenset({"comment"})
"""Blocks of ``_ENDS`` whose content is parsed. The content of the others may be anything."""
_BLOCKS = frozenset({"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"})
_BLOCK_ENDS = frozenset(f"end{name}" for name in _BLOCKS)
_BRANCHES = frozenset({"elsif", "else", "when"})


@dataclass(frozen=True, slots=True)
class TagProblem:
    """A problem with a tag. ``index`` is the tag's position in the source."""

    message: str
    index: int
    exceeds_limit: bool = True


class _TagCounts:
    """Counts the tags of one template."""

    def __init__(self) -> None:
        self._tags = self._depth = self._branches = self._filters = 0

    def add(self, tag: str, start: int) -> TagProblem | None:
        """Count a tag. Returns a problem if it exceeds a limit."""
        self._tags += 1
        self._filters += tag.count("|")
        name = _NAME.match(tag)
        if name is not None:
            self._add_name(name[1])
            if name[1] == "liquid":
                for line in _LINE_NAME.finditer(tag, name.end()):
                    self._tags += 1
                    self._add_name(line[1])
        for count, maximum, message in (
            (self._tags, MAX_TAGS, f"a template may have {MAX_TAGS:,} tags and fields"),
            (
                self._depth,
                MAX_BLOCK_DEPTH,
                f"a template may have {MAX_BLOCK_DEPTH} levels of nested blocks, such as if",
            ),
            (self._branches, MAX_BRANCHES, f"a template may have {MAX_BRANCHES} branches (elsif, else, when)"),
            (self._filters, MAX_FILTERS, f"a template may have {MAX_FILTERS:,} filters"),
        ):
            if count > maximum:
                return TagProblem(message, start)
        return None

    def _add_name(self, name: str) -> None:
        if name in _BLOCKS:
            self._depth += 1
        elif name in _BLOCK_ENDS:
            self._depth = max(0, self._depth - 1)
        else:
            self._branches += name in _BRANCHES


def find_tag_problem(source: str) -> TagProblem | None:
    """Return the first problem with the tags of a template; None if there is none."""
    counts = _TagCounts()
    last_ends: dict[str, int] = {}
    """By block name: where its last end tag starts; -1 if there is none."""
    position = 0
    while (opening := _OPENING.search(source, position)) is not None:
        start = opening.start()
        if (closing := _CLOSING.get(opening.group())) is None:
            end = _ENCODED_END.search(source, opening.end(), start + MAX_TAG_LENGTH)
            position = end.end() if end else opening.end()
            if problem := counts.add(source[start:position], start):
                return problem
            continue
        closing_index = source.find(closing, start + 2, start + MAX_TAG_LENGTH)
        if closing_index < 0:
            if source.find(closing, start + 2) < 0:
                return TagProblem(f"expected '{closing}', found end of file", start, exceeds_limit=False)
            return TagProblem(f"a tag may have {MAX_TAG_LENGTH} characters", start)
        position = closing_index + 2
        tag = source[start:position]
        if _SPACES.search(tag):
            return TagProblem(f"a tag may have {MAX_WHITESPACE_LENGTH} characters of white space in a row", start)
        if problem := counts.add(tag, start):
            return problem
        name = _NAME.match(tag)
        if name is None or name[1] not in _ENDS:
            continue
        if name[1] not in last_ends:
            last_ends[name[1]] = max((end.start() for end in _ENDS[name[1]].finditer(source)), default=-1)
        if last_ends[name[1]] < position:
            return TagProblem(f"{name[1]} tag was never closed", start, exceeds_limit=False)
        if name[1] not in _PARSED_BLOCKS and (block_end := _ENDS[name[1]].search(source, position)) is not None:
            position = block_end.end()
    return None
