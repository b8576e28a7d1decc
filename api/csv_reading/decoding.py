"""Detects the encoding of a file. If it is not certain, the file is refused, because a wrong guess garbles names.

Libraries that guess (charset-normalizer was tried) read "José Muñoz" as "José Muńoz" in files with few such letters.
"""

import codecs
import re
from typing import NamedTuple

from api.codes.refusals.csv_files import CsvCode
from api.csv_reading.windows_1252 import doubtful
from strategies import Refusal

ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    *("cp1252", "iso-8859-1", "iso-8859-15", "mac-roman", "cp850", "cp437"),
    *("cp1250", "iso-8859-2", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("shift_jis", "cp932", "euc-jp", "gb18030", "big5", "euc-kr", "cp874"),
)
"""Encodings that a user may choose: those that spreadsheet programs write."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook, a Numbers document or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
}
_PROBE_BYTES = 64
_CANDIDATES = ("cp1252", "mac-roman", "cp850", "cp1250", "cp1251")
_MAX_WORD_BYTES = 30
_LINE_END = re.compile(r"\r\n|\r|\n")


class Decoded(NamedTuple):
    """A file's text, and the encoding that it was read with."""

    text: str
    encoding: str


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Return a file's text.

    Without ``encoding``, the function tries in this order: the byte order mark, UTF-16 if every other byte is zero,
    UTF-8, and windows-1252 if no character suggests another encoding. Raises Refusal CSV_ENCODING, which says where and
    what to do, without a path.
    """
    for beginning, kind in _OTHER_FILES.items():
        if data.startswith(beginning):
            raise Refusal.of(CsvCode.CSV_INVALID, case="other_file", kind=kind)
    if encoding is not None:
        return _strictly(data, _encoding_name(encoding))
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], name)
    if utf_16 := _utf_16_without_mark(data):
        return _strictly(data, utf_16)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as problem:
        return _windows_1252(data, problem.start)


def _encoding_name(encoding: str) -> str:
    name = encoding.strip().lower()
    if name in ENCODINGS:
        return name
    raise Refusal.of(CsvCode.CSV_ENCODING, case="unknown", encoding=encoding[:60], known=", ".join(ENCODINGS))


def _strictly(data: bytes, name: str) -> Decoded:
    """Decode, or refuse with the line that cannot be decoded."""
    try:
        return Decoded(data.decode(name), name)
    except UnicodeDecodeError as problem:
        line = len(_LINE_END.findall(data[: problem.start].decode(name, "ignore"))) + 1
        raise Refusal.of(CsvCode.CSV_ENCODING, case="other", encoding=name, line=line) from None


def _utf_16_without_mark(data: bytes) -> str | None:
    """Detect UTF-16 by its header of Latin letters: every other byte is zero."""
    even, odd = data[:_PROBE_BYTES:2], data[1:_PROBE_BYTES:2]
    if odd and odd.count(0) > len(odd) * 0.6 and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > len(even) * 0.6 and not odd.count(0):
        return "utf-16-be"
    return None


def _windows_1252(data: bytes, at: int) -> Decoded:
    """Decode bytes that are not UTF-8 as windows-1252, if no other encoding is possible."""
    if any(character > "\x7f" and character != "\ufffd" for character in data.decode("utf-8", "replace")):
        line = _line(data, at)
        raise Refusal.of(CsvCode.CSV_ENCODING, case="mixed", line=line)
    try:
        text = data.decode("cp1252")
        doubt = doubtful(text)
    except UnicodeDecodeError as problem:
        doubt = problem.start
    if doubt is None:
        return Decoded(text, "cp1252")
    line = _line(data, doubt)
    word = _word(data, doubt)
    readings = ", ".join(f"{shown!r} in {name}" for name in _CANDIDATES if (shown := _shown(word, name)))
    raise Refusal.of(CsvCode.CSV_ENCODING, line=line, readings=readings)


def _line(data: bytes, at: int) -> int:
    """Return the line number of a byte, for encodings that extend ASCII."""
    return len(_LINE_END.findall(data[:at].decode("ascii", "replace"))) + 1


def _word(data: bytes, at: int) -> bytes:
    """Return the word around an index, up to the separators of words and cells."""
    before = data[max(0, at - _MAX_WORD_BYTES) : at]
    start = max(before.rfind(mark) for mark in (b" ", b",", b";", b"\t", b"|", b"\n", b"\r", b'"')) + 1
    behind = data[at : at + _MAX_WORD_BYTES]
    ends = [end for mark in (b" ", b",", b";", b"\t", b"|", b"\n", b"\r", b'"') if (end := behind.find(mark)) > 0]
    return before[start:] + behind[: min(ends, default=len(behind))]


def _shown(word: bytes, name: str) -> str | None:
    try:
        return word.decode(name)
    except UnicodeDecodeError:
        return None
