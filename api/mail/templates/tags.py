"""Read the tags of a template as their author meant them, whatever an HTML editor has made of them.

Editors escape quotes and comparisons inside of tags (``default: &quot;there&quot;``, ``{% if n &gt; 5 %}``), or make
them typographic. Only what stands inside of ``{{ }}`` and ``{% %}`` changes here, and only for liquid.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.html.markup import Markup
from api.mail.references import decode_references

PROMPT_BEGIN, PROMPT_END = "\ue100", "\ue101"
"""Around the number of a field prompt, in the text that liquid reads and writes: characters for private use."""

PREPARED_CACHE_BYTES = 16_000_000
"""Bytes of prepared templates that a process keeps."""

_OPENING = re.compile(r"\{[{%]|%7B%7B", re.IGNORECASE)
_ENCODED_END = re.compile("%7D%7D", re.IGNORECASE)
_PROMPT = re.compile(r"\{\{(?:\s|&nbsp;)*!")
_VERBATIM = re.compile(r"\{%-?\s*(?:(raw|doc)\s*-?%\}|(comment)\b|(#))")
_SHOWS = re.compile(r"\{%-?\s*(?:cycle|decrement|echo|increment|liquid|raw)\b")
"""The beginning of a tag that shows, or may show, something by itself."""
_ENDS = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc", "comment")}
_OUTPUT_END, _TAG_END = re.compile(r"\}\}"), re.compile(r"%\}")
_ESCAPED = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_IN_ADDRESS = re.compile("%(?:2[027C]|3[A-E]|5[BD]|7C)", re.IGNORECASE)
"""What browsers write for what has a meaning in a tag, in an address."""
_WORTH_A_LOOK = re.compile("%[2357]|[&\u00a0\u2018-\u201f\u200b\u2060\ufeff]|.\"|.'", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_DOUBLE, _SINGLE = '"\u201c\u201d\u201e\u201f', "'\u2018\u2019\u201a\u201b"
_SPACES = {"\u00a0": " ", "\u200b": "", "\u2060": "", "\ufeff": ""}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A template for liquid. ``prompts`` are the field prompts as they were written, by the number in their mark."""

    source: str
    text: str
    prompts: tuple[str, ...]
    starts: tuple[tuple[int, int], ...]
    """Where a stretch begins: in ``text``, and in ``source``."""

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, both from 1, in the source, of a place in the text that liquid read."""
        at = bisect_right(self.starts, (index, len(self.source) + 1)) - 1
        begin, origin = self.starts[at]
        end = self.starts[at + 1][1] if at + 1 < len(self.starts) else len(self.source)
        found = min(origin + index - begin, max(origin, end - 1))
        return self.source.count("\n", 0, found) + 1, found - (self.source.rfind("\n", 0, found) + 1) + 1


class _Kind(StrEnum):
    """What stands between braces."""

    OUTPUT = "{{ }}"
    ENCODED = "{{ }} as a browser writes it in an address"
    TAG = "{% %}"
    PROMPT = "{{! }}"
    VERBATIM = "what liquid does not read, or shows as it is"


def _found(source: str) -> Iterator[tuple[_Kind, int, int]]:
    """Give each tag with its begin and end, in linear time: what does not end is looked for once."""
    endless: set[str] = set()

    def end_of(kind: str, pattern: re.Pattern[str], at: int) -> int | None:
        found = None if kind in endless else pattern.search(source, at)
        if found is None:
            endless.add(kind)
        return found and found.end()

    opening = _OPENING.search(source)
    while opening is not None:
        begin = opening.start()
        kind, end = _Kind.TAG, None
        if opening.group() == "{{":
            kind = _Kind.PROMPT if _PROMPT.match(source, begin) else _Kind.OUTPUT
            end = end_of("}}", _OUTPUT_END, opening.end())
        elif opening.group() != "{%":
            kind, end = _Kind.ENCODED, end_of("%7D", _ENCODED_END, opening.end())
        else:
            verbatim = _VERBATIM.match(source, begin)
            if verbatim is not None and verbatim[3] is None:
                end = end_of(name := verbatim[1] or verbatim[2], _ENDS[name], verbatim.end())
            kind = _Kind.TAG if verbatim is None or (end is None and verbatim[3] is None) else _Kind.VERBATIM
            end = end or end_of("%}", _TAG_END, opening.end())
        if end is not None:
            yield kind, begin, end
        opening = _OPENING.search(source, end or opening.end())


def _prepared_bytes(prepared: Prepared, source: str, _html: bool) -> int:
    return text_bytes(source, prepared.text, *prepared.prompts) + 200 * len(prepared.starts)


@cached_in(Cache[Prepared](PREPARED_CACHE_BYTES, _prepared_bytes))
def prepare(source: str, html: bool) -> Prepared:
    """Return a template as liquid is to read it."""
    parts: list[str] = []
    starts: list[tuple[int, int]] = []
    prompts: list[str] = []
    markup = Markup()
    length = at = 0

    def add(text: str, origin: int) -> None:
        nonlocal length
        starts.append((length, origin))
        parts.append(text)
        length += len(text)

    for found, begin, end in _found(source):
        kind, between, said = found, source[at:begin], source[begin:end]
        if html:
            markup.read(between)
        add(between, at)
        at = end
        if kind is _Kind.ENCODED and markup.quote:
            kind, said = _Kind.OUTPUT, unquote(said)
        if kind is _Kind.PROMPT:
            add(f"{PROMPT_BEGIN}{len(prompts)}{PROMPT_END}", begin)
            prompts.append(said)
        elif kind in {_Kind.OUTPUT, _Kind.TAG}:
            add(_decoded(said, html=html, output=kind is _Kind.OUTPUT, within=markup.quote), begin)
        else:
            add(said, begin)
    add(source[at:], at)
    return Prepared(source, "".join(parts), tuple(prompts), tuple(starts))


def without_tags(source: str, field: str) -> str:
    """Return the HTML around a template's tags, of all branches: ``field`` in the place of what a tag shows."""
    parts: list[str] = []
    at = 0
    for kind, begin, end in _found(source):
        shown = field
        if kind is _Kind.ENCODED:
            shown = source[begin:end]
        elif kind in {_Kind.TAG, _Kind.VERBATIM} and not _SHOWS.match(source, begin):
            shown = ""
        parts += (source[at:begin], shown)
        at = end
    return "".join((*parts, source[at:]))


def _decoded(tag: str, *, html: bool, output: bool, within: str) -> str:
    """Return a tag without what an editor has escaped in it.

    ``output``: whether it is a ``{{ }}``, whose texts in quotes are HTML. ``within``: the quote of the attribute's
    value that it stands in, or nothing.
    """
    if not _WORTH_A_LOOK.search(tag):
        return tag
    edited = html
    made: list[str | _Quoted] = []
    at = 0
    while at < len(tag):
        encoded = _IN_ADDRESS.match(tag, at) if within else None
        escaped = encoded or _ESCAPED.match(tag, at)
        said = escaped.group() if escaped else tag[at]
        means = unquote(said) if encoded else decode_references(said)
        at += len(said)
        kind = next((kind for kind in (_DOUBLE, _SINGLE) if means in kind), None)
        if kind is None:
            edited = edited or means != said
            made.append(_SPACES.get(means, means))
            continue
        end = _closing(tag, at, said, kind)
        if end is None:
            made.append(said if said in "\"'" else means)
            continue
        edited = edited or said not in "\"'"
        made.append(_Quoted(tag[at : end.start()], kind[0]))
        at = end.end()
    written: list[str] = []
    for number, each in enumerate(made):
        if isinstance(each, str):
            written.append(each)
        elif not output and _NUMBER.fullmatch(each.said) and _compared("".join(written), made[number + 1 :]):
            written.append(each.said)
        else:
            written.append(each.written(html=html, output=output, within=within, edited=edited))
    return "".join(written)


def _compared(before: str, after: "list[str | _Quoted]") -> bool:
    """Whether a text in quotes is compared by its size: a number in quotes is meant as a number then."""
    if before.rstrip().removesuffix("=").endswith(("<", ">")):
        return True
    following = "".join(each if isinstance(each, str) else "'" for each in after[:8])
    return following.lstrip().startswith(("<", ">"))


def _closing(tag: str, at: int, opened: str, kind: str) -> re.Match[str] | None:
    """Return the quote that closes what ``opened``: a plain one is closed by a plain one, if there is one."""
    if opened.startswith("%"):
        return re.compile(opened).search(tag, at)
    if opened == kind[0] and (plain := re.compile(re.escape(opened)).search(tag, at)):
        return plain
    for match in re.compile(f"{_ESCAPED.pattern}|[{kind}]").finditer(tag, at):
        if decode_references(match.group()) in kind:
            return match
    return None


def _but_angles(escaped: re.Match[str]) -> str:
    means = decode_references(escaped.group())
    return escaped.group() if means in "<>" else means


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A text in quotes inside of a tag."""

    said: str
    quote: str

    def written(self, *, html: bool, output: bool, within: str, edited: bool) -> str:
        """Return it as liquid is to read it. In an output of HTML it is HTML: what it escapes stays so."""
        if not edited:
            return f"{self.quote}{self.said}{self.quote}"
        if html and output:
            text = _ESCAPED.sub(_but_angles, self.said)
            if within:
                text = text.replace(within, f"&#{ord(within)};")
        else:
            text = decode_references(self.said).replace("\u00a0", " ")
        other = "'" if self.quote == '"' else '"'
        if self.quote not in text:
            return f"{self.quote}{text}{self.quote}"
        if other not in text:
            return f"{other}{text}{other}"
        return f'"{text.replace(chr(34), "&quot;" if html and output else chr(0x201D))}"'
