"""The lines of a header: encoded words (RFC 2047), and folding at white space (RFC 5322)."""

import base64
import re
from collections.abc import Iterator
from string import ascii_letters, digits

LINE_LENGTH = 78
"""Characters of a line that RFC 5322 prefers not to exceed."""
ENCODED_LINE_LENGTH = 76
"""Characters of a line with an encoded word (RFC 2047), and one more than such a word may have."""
_ENCODED_WORD_OVERHEAD = len("=?utf-8?q??=")
_READABLE_SURPLUS = 8
"""Characters more that an encoded word may have for being readable."""
_Q_SAFE_BYTES = frozenset(f"{ascii_letters}{digits}!*+-/".encode())
"""Characters that need no code in an encoded word, wherever it stands."""
_Q_CODES = ["_" if byte == ord(" ") else chr(byte) if byte in _Q_SAFE_BYTES else f"={byte:02X}" for byte in range(256)]
_WORDS = re.compile(r"[ \t]*[^ \t]+")


def folded(text: str, column: int, line: int = LINE_LENGTH) -> str:
    """Return a text with line breaks before its white space, which stays. ``column`` is where its first line begins.

    The text neither begins nor ends with white space.
    """
    if column + len(text) <= line:
        return text
    parts: list[str] = []
    for word in _WORDS.findall(text):
        if parts and column + len(word) > line:
            parts.append("\r\n")
            column = 0
        parts.append(word)
        column += len(word)
    return "".join(parts)


def longest_line(folded_text: str, column: int) -> int:
    """Return the length of the longest line of a header, whose first line begins at ``column``."""
    first, *rest = folded_text.split("\r\n")
    return max(column + len(first), *map(len, rest), 0)


def encoded_words(text: str, column: int) -> Iterator[str]:
    """Give encoded words for a text, each for a line of its own; none of them cuts a character in two.

    ``column`` is where the first line begins. Of the two encodings the shorter one is taken, or the readable one where
    that is hardly longer.
    """
    data, room = text.encode(), _room(column)
    in_q = "".join(map(_Q_CODES.__getitem__, data))
    in_b = _base64_length(len(data))
    if len(in_q) <= in_b + _READABLE_SURPLUS and (len(in_q) <= room or in_b > room):
        if len(in_q) <= room:
            yield f"=?utf-8?q?{in_q}?="
        else:
            yield from _q_words(text, room)
    elif in_b <= room:
        yield _b_word(data)
    else:
        yield from _b_words(text, room)


def _q_words(text: str, room: int) -> Iterator[str]:
    chunk = ""
    for character in text:
        ascii_only = character < "\x80"
        code = _Q_CODES[ord(character)] if ascii_only else "".join(map(_Q_CODES.__getitem__, character.encode()))
        if chunk and len(chunk) + len(code) > room:
            yield f"=?utf-8?q?{chunk}?="
            room, chunk = _room(1), ""
        chunk += code
    yield f"=?utf-8?q?{chunk}?="


def _b_words(text: str, room: int) -> Iterator[str]:
    chunk = b""
    for character in text:
        code = character.encode()
        if chunk and _base64_length(len(chunk) + len(code)) > room:
            yield _b_word(chunk)
            room, chunk = _room(1), b""
        chunk += code
    yield _b_word(chunk)


def _b_word(data: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(data).decode()}?="


def _room(column: int) -> int:
    """Return how many characters of code a word may hold that stands at a column."""
    return min(ENCODED_LINE_LENGTH - column, ENCODED_LINE_LENGTH - 1) - _ENCODED_WORD_OVERHEAD


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4
