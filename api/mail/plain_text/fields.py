"""Dynamic fields are set aside while HTML is read, so that they come out byte for byte.

A field becomes two code points that no text can have: a high and a low surrogate, which Python keeps apart. Neither
the HTML reader nor the handling of white space touches them.
"""

import re
from collections.abc import Callable

_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = re.compile(r"\{[{%]")
_PLACEHOLDER = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MOST = 1024 * 1024
"""How many fields have a placeholder; later ones are read as text."""


class Fields:
    """The fields of one HTML text, and that text with a placeholder for each."""

    def __init__(self, html: str, *, template: bool) -> None:
        self._fields: list[str] = []
        whole = _SURROGATE.sub("\ufffd", html)
        self.html = self._set_aside(whole) if template else whole

    def restore(self, text: str) -> str:
        """Return a text with its fields in place of their placeholders."""
        return _PLACEHOLDER.sub(self._field, text)

    def _field(self, match: re.Match[str]) -> str:
        high, low = map(ord, match.group())
        return self._fields[(high - 0xD800) * 1024 + low - 0xDC00]

    def _add(self, field: str) -> str:
        number = len(self._fields)
        if number >= _MOST:
            return field
        self._fields.append(field)
        return chr(0xD800 + number // 1024) + chr(0xDC00 + number % 1024)

    def _set_aside(self, html: str) -> str:
        parts: list[str] = []
        done = 0
        unclosed: set[str] = set()
        find: Callable[[str, int], re.Match[str] | None] = _OPENING.search
        start = find(html, 0)
        while start is not None and len(unclosed) < 2:
            closing = "}}" if start.group() == "{{" else "%}"
            end = -1 if closing in unclosed else html.find(closing, start.end())
            if end < 0:
                unclosed.add(closing)
                start = find(html, start.start() + 1)
                continue
            parts += (html[done : start.start()], self._add(html[start.start() : end + 2]))
            done = end + 2
            start = find(html, done)
        return "".join((*parts, html[done:]))
