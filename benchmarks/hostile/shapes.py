"""Texts that software likes to choke on, at any size."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLList, GraphQLNonNull

UNITS: dict[str, tuple[str, str, str]] = {
    "long word": ("", "a", ""),
    "words": ("", "lorem ipsum ", ""),
    "white space": ("a", " ", "b"),
    "tabs and spaces": ("", ' " \t', "x"),
    "lines": ("", "line\r\n", ""),
    "NULs": ("", "\0", ""),
    "half characters": ("", "\ud800", ""),
    "combining marks": ("e", "\u0301", ""),
    "marks in a wrong order": ("e", "\u0301\u0323", ""),
    "casefold grows": ("", "\u0390", ""),
    "NFKC grows": ("", "\ufdfa", ""),
    "ligatures": ("", "\ufb03", ""),
    "right to left": ("", "\u202e\u05d0", ""),
    "emoji joined": ("", "\U0001f469\u200d", ""),
    "digits": ("", "9", ""),
    "at and dots": ("", "@.", ""),
    "dots": ("a@", "a.", "a"),
    "hyphens": ("a@", "xn--", ".de"),
    "commas": ("", ",", ""),
    "quotes": ("", '"', ""),
    "doubled quotes": ('email\n"', '""', '"'),
    "CSV rows": ("email,first_name\n", "a@b.example,x\n", ""),
    "CSV semicolons": ("email", ";a", "\n"),
    "one bracket": ("", "(", ""),
    "brackets": ("", "[", ""),
    "backslashes": ("", "\\", ""),
    "percent": ("", "%_", ""),
    "stars": ("", "a*", "b"),
    "angle": ("", "<", ""),
    "angle name": ("", "<a ", ""),
    "comment begins": ("", "<!--", ""),
    "tags nested": ("", "<div>", ""),
    "lists nested": ("", "<ul><li>", ""),
    "tags closed": ("", "</p>", ""),
    "tables nested": ("", "<table><tr><td>", ""),
    "formatting": ("", "<b><i><a href=x>", ""),
    "quotations": ("", "<blockquote>x\n", ""),
    "attributes": ("<p ", "a=b ", ">x</p>"),
    "attribute unclosed": ("<p title='", "x ", ""),
    "entities": ("", "&amp", ""),
    "entity without end": ("&", "a", ""),
    "CSS": ("<p style='", "a:b(;", "'>x</p>"),
    "CSS brackets": ("<p style='color:", "f(", "'>x</p>"),
    "CSS sheet": ("<style>", "@media{a{", "</style>"),
    "CSS comment": ("<style>", "/*", "</style>"),
    "links": ("", "<a href='javascript:x'>", ""),
    "data links": ("<img src='data:", "a", "'>"),
    "template opens": ("", "{{", ""),
    "template tag opens": ("", "{%", ""),
    "template fields": ("", "{{a}}", ""),
    "template prompts": ("", "{{! x }}", ""),
    "template raw": ("", "{% raw %}", ""),
    "template if": ("{% if a %}", "{% elsif a %}", "{% endif %}"),
    "template ifs nested": ("", "{% if a %}", ""),
    "template loops nested": ("", "{% for i in (1..9) %}", ""),
    "template trim": ("{{- a -}}", " ", "{{- a -}}"),
    "template filters": ("{{ a", " | upcase", " }}"),
    "template default": ('{{ a | default: "', "x", '" }}'),
    "JSON nested": ("", '{"a":[', ""),
    "instant": ("2026-03-02T08:00:00.", "0", "Z"),
    "time": ("", "09:", "30"),
    "zone": ("Europe/", "../", "Berlin"),
    "header": ("", "x\r\n ", ""),
    "RFC 2047": ("", "=?utf-8?q?", ""),
}
"""Beginning, what is repeated, and end."""


def text(name: str, size: int) -> str:
    """Return a shape of about so many bytes, as UTF-8."""
    begin, unit, end = UNITS[name]
    bare = len((begin + end).encode("utf-8", "surrogatepass"))
    return begin + unit * max(1, (size - bare) // len(unit.encode("utf-8", "surrogatepass"))) + end


def _nested(size: int) -> Any:
    value: Any = 1
    for _ in range(min(size // 8, 95)):
        value = {"a": [value]}
    return value


JSONS: dict[str, Callable[[int], Any]] = {
    "wide object": lambda size: {f"k{number}": number for number in range(size // 10)},
    "long keys": lambda size: {"k" * (size // 2): 1, "l" * (size // 2): 1},
    "numbers": lambda size: list(range(size // 8)),
    "large numbers": lambda size: [10**300] * (size // 302 + 1),
    "nested": _nested,
    "many nested": lambda size: [_nested(200)] * (size // 250 + 1),
    "texts": lambda size: ["\u0301" * 10] * (size // 24 + 1),
    "objects": lambda size: [{}] * (size // 3),
}
"""Values of the JSON scalar."""


def values(kind: GraphQLInputType, shape: str, size: int) -> Any:
    """Return a value of about so many bytes for a type: lists become long, everything else is a text."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(kind, GraphQLList):
        inner = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type
        if isinstance(inner, GraphQLInputObjectType):
            names = list(inner.fields)
            element: Any = {name: text(shape, 8) for name in names}
            return [element] * max(1, size // (20 * len(names)))
        small = [text(shape, 8 + number % 5) for number in range(5)]
        return small * max(1, size // 75)
    return text(shape, size)
