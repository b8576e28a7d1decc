"""Decodes bytes in the charsets of mails."""

import codecs
from functools import lru_cache

FALLBACKS = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "x-unknown": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
}
"""Charsets by the names of mails, and the larger charset that reads them."""
NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Python's codecs that are not charsets of mails. Some of them take quadratic time."""


@lru_cache(maxsize=512)
def codec_name(charset: str) -> str | None:
    """Return the name of the codec that reads a charset, or None if there is none."""
    name = charset.strip().strip("\"'").lower()
    try:
        info = codecs.lookup(FALLBACKS.get(name, name))
    except (LookupError, ValueError, UnicodeError):
        return None
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name.replace("-", "_") not in NOT_CHARSETS else None


def decode_bytes(data: bytes, charset: str = "") -> str:
    """Decode bytes; without a known charset as ISO-2022-JP, UTF-8 or Windows-1252. Never fails."""
    codec = codec_name(charset[:40]) if charset else None
    if codec is not None:
        try:
            return data.decode(codec, "replace")
        except (ValueError, LookupError):
            codec = None
    if b"\x1b$" in data:
        return data.decode("iso2022_jp_ext", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
