"""Finds the tags of a template, and prepares the template for liquid.

Only the content of ``{{ }}`` and ``{% %}`` changes, and only in the text that liquid parses.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.html.markup import MarkupTracker
from api.mail.templates.tag_repair import repair_tag

PROMPT_BEGIN, PROMPT_END = "\ue100", "\ue101"
"""Private-use characters that mark a field prompt, with its number between them, in the text that liquid parses."""

PREPARED_CACHE_BYTES = 16_000_000
"""Size of the cache of prepared templates, in bytes, in each process."""

_OPENING = re.compile(r"\{[{%]|%7B%7B", re.IGNORECASE)
_ENCODED_END = re.compile("%7D%7D", re.IGNORECASE)
_PROMPT = re.compile(r"\{\{(?:\s|&nbsp;)*!")
_VERBATIM = re.compile(r"\{%-?\s*(?:(raw|doc)\s*-?%\}|(comment)\b|(#))")
_PRINTING_TAG = re.compile(r"\{%-?\s*(?:cycle|decrement|echo|increment|liquid|raw)\b")
"""The beginning of a ``{% %}`` tag that can print text."""
_ENDS = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc", "comment")}
_OUTPUT_END, _TAG_END = re.compile(r"\}\}"), re.compile(r"%\}")


@dataclass(frozen=True, slots=True)
class PreparedTemplate:
    """A template as liquid parses it."""

    source: str
    """The template as it was saved."""
    text: str
    """The template for liquid, with marks in the place of field prompts."""
    prompts: tuple[str, ...]
    """The field prompts as they were written. A mark has the index of its prompt."""
    starts: tuple[tuple[int, int], ...]
    """Where each piece of the template starts: in ``text``, and in ``source``."""

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Return line and column in ``source``, both from 1, for an index in ``text``."""
        piece = bisect_right(self.starts, (index, len(self.source) + 1)) - 1
        text_start, source_start = self.starts[piece]
        source_end = self.starts[piece + 1][1] if piece + 1 < len(self.starts) else len(self.source)
        position = min(source_start + index - text_start, max(source_start, source_end - 1))
        return self.source.count("\n", 0, position) + 1, position - (self.source.rfind("\n", 0, position) + 1) + 1


class _TagKind(StrEnum):
    """The kinds of tags."""

    OUTPUT = "{{ }}"
    ENCODED = "{{ }} as a browser encodes it in a URL"
    TAG = "{% %}"
    PROMPT = "{{! }}"
    VERBATIM = "a comment, or text that liquid prints unchanged"


def _find_tags(source: str) -> Iterator[tuple[_TagKind, int, int]]:
    """Yield each tag with its start and end. Linear, because a search for an end that is missing happens once."""
    missing_ends: set[str] = set()

    def end_of(name: str, pattern: re.Pattern[str], position: int) -> int | None:
        match = None if name in missing_ends else pattern.search(source, position)
        if match is None:
            missing_ends.add(name)
        return match and match.end()

    opening = _OPENING.search(source)
    while opening is not None:
        start = opening.start()
        kind, end = _TagKind.TAG, None
        if opening.group() == "{{":
            kind = _TagKind.PROMPT if _PROMPT.match(source, start) else _TagKind.OUTPUT
            end = end_of("}}", _OUTPUT_END, opening.end())
        elif opening.group() != "{%":
            kind, end = _TagKind.ENCODED, end_of("%7D", _ENCODED_END, opening.end())
        else:
            verbatim = _VERBATIM.match(source, start)
            if verbatim is not None and verbatim[3] is None:
                end = end_of(name := verbatim[1] or verbatim[2], _ENDS[name], verbatim.end())
            kind = _TagKind.TAG if verbatim is None or (end is None and verbatim[3] is None) else _TagKind.VERBATIM
            end = end or end_of("%}", _TAG_END, opening.end())
        if end is not None:
            yield kind, start, end
        opening = _OPENING.search(source, end or opening.end())


def _prepared_bytes(prepared: PreparedTemplate, source: str, _html: bool) -> int:
    return text_bytes(source, prepared.text, *prepared.prompts) + 200 * len(prepared.starts)


@cached_in(Cache[PreparedTemplate](PREPARED_CACHE_BYTES, _prepared_bytes))
def prepare_template(source: str, html: bool) -> PreparedTemplate:
    """Return a template as liquid parses it: tags are repaired, and field prompts are replaced by marks."""
    parts: list[str] = []
    starts: list[tuple[int, int]] = []
    prompts: list[str] = []
    markup = MarkupTracker()
    length = position = 0

    def add(text: str, source_start: int) -> None:
        nonlocal length
        starts.append((length, source_start))
        parts.append(text)
        length += len(text)

    for found_kind, start, end in _find_tags(source):
        kind, text_before, tag = found_kind, source[position:start], source[start:end]
        if html:
            markup.read(text_before)
        add(text_before, position)
        position = end
        if kind is _TagKind.ENCODED and markup.quote:
            kind, tag = _TagKind.OUTPUT, unquote(tag)
        if kind is _TagKind.PROMPT:
            add(f"{PROMPT_BEGIN}{len(prompts)}{PROMPT_END}", start)
            prompts.append(tag)
        elif kind in {_TagKind.OUTPUT, _TagKind.TAG}:
            add(repair_tag(tag, html=html, output=kind is _TagKind.OUTPUT, attribute_quote=markup.quote), start)
        else:
            add(tag, start)
    add(source[position:], position)
    return PreparedTemplate(source, "".join(parts), tuple(prompts), tuple(starts))


def remove_tags(source: str, placeholder: str) -> str:
    """Return a template without its tags, with the content of all branches. ``placeholder`` replaces printed values."""
    parts: list[str] = []
    position = 0
    for kind, start, end in _find_tags(source):
        replacement = placeholder
        if kind is _TagKind.ENCODED:
            replacement = source[start:end]
        elif kind in {_TagKind.TAG, _TagKind.VERBATIM} and not _PRINTING_TAG.match(source, start):
            replacement = ""
        parts += (source[position:start], replacement)
        position = end
    return "".join((*parts, source[position:]))
