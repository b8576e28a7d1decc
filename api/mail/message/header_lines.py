"""Folds header lines at white space (RFC 5322), and encodes words that are not ASCII (RFC 2047)."""

import base64
import re
from collections.abc import Iterator
from string import ascii_letters, digits

LINE_LENGTH = 78
"""Longest line that RFC 5322 recommends, in characters."""
ENCODED_LINE_LENGTH = 76
"""Longest line with an encoded word (RFC 2047), in characters. The word itself may have 75."""
_ENCODED_WORD_OVERHEAD = len("=?utf-8?q??=")
_MAX_Q_EXCESS_CHARACTERS = 8
"""The readable Q encoding is used if it is at most so much longer than base64."""
_Q_SAFE_BYTES = frozenset(f"{ascii_letters}{digits}!*+-/".encode())
"""Bytes that the Q encoding keeps unchanged in every header."""
_Q_CODES = ["_" if byte == ord(" ") else chr(byte) if byte in _Q_SAFE_BYTES else f"={byte:02X}" for byte in range(256)]
_WORDS = re.compile(r"[ \t]*[^ \t]+")


def fold(text: str, column: int, max_length: int = LINE_LENGTH) -> str:
    """Insert line breaks before white space. ``column`` is the column at which the text starts.

    The text must not begin or end with white space.
    """
    if column + len(text) <= max_length:
        return text
    parts: list[str] = []
    for word in _WORDS.findall(text):
        if parts and column + len(word) > max_length:
            parts.append("\r\n")
            column = 0
        parts.append(word)
        column += len(word)
    return "".join(parts)


def longest_line_length(folded_text: str, column: int) -> int:
    """Return the length of the longest line of a folded text that starts at ``column``."""
    first, *rest = folded_text.split("\r\n")
    return max(column + len(first), *map(len, rest), 0)


def encoded_words(text: str, column: int) -> Iterator[str]:
    """Yield the encoded words of a text, one per line. No word ends inside a character.

    ``column`` is the column at which the first word starts. The shorter of the Q and B encodings is used, or Q if it is
    only slightly longer.
    """
    data, max_length = text.encode(), _code_length_limit(column)
    in_q = "".join(map(_Q_CODES.__getitem__, data))
    in_b = _base64_length(len(data))
    if len(in_q) <= in_b + _MAX_Q_EXCESS_CHARACTERS and (len(in_q) <= max_length or in_b > max_length):
        if len(in_q) <= max_length:
            yield f"=?utf-8?q?{in_q}?="
        else:
            yield from _q_words(text, max_length)
    elif in_b <= max_length:
        yield _b_word(data)
    else:
        yield from _b_words(text, max_length)


def _q_words(text: str, max_length: int) -> Iterator[str]:
    chunk = ""
    for character in text:
        ascii_only = character < "\x80"
        code = _Q_CODES[ord(character)] if ascii_only else "".join(map(_Q_CODES.__getitem__, character.encode()))
        if chunk and len(chunk) + len(code) > max_length:
            yield f"=?utf-8?q?{chunk}?="
            max_length, chunk = _code_length_limit(1), ""
        chunk += code
    yield f"=?utf-8?q?{chunk}?="


def _b_words(text: str, max_length: int) -> Iterator[str]:
    chunk = b""
    for character in text:
        code = character.encode()
        if chunk and _base64_length(len(chunk) + len(code)) > max_length:
            yield _b_word(chunk)
            max_length, chunk = _code_length_limit(1), b""
        chunk += code
    yield _b_word(chunk)


def _b_word(data: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(data).decode()}?="


def _code_length_limit(column: int) -> int:
    """Return how many encoded characters fit into a word that starts at a column."""
    return min(ENCODED_LINE_LENGTH - column, ENCODED_LINE_LENGTH - 1) - _ENCODED_WORD_OVERHEAD


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4
