"""Detects text that another program has decoded with the wrong encoding."""

import re

from api.codes.refusals.csv_files import CsvCode
from strategies.codes import Message

_LOST = "\ufffd"
_FOLLOWS = re.escape("\x81\x8d\x8f\x90\x9d€‚ƒ„†‡ˆ‰Š‹ŒŽ‘“•˜š›œžŸ¡¢£¤¥¦§¨©ª«¬\xad¯°±²³´µ¶·¸¹º¼½¾¿")
_FOLLOWS_ALSO = re.escape("\xa0®»’”–—™…")
"""These may follow a word in capitals that ends with Ã, as the Portuguese IRMÃ does."""
_UTF_8_AS_WINDOWS_1252 = re.compile(f"Ã[{_FOLLOWS}]|(?<![A-Z«À-Þ])Ã[{_FOLLOWS_ALSO}]|â€[\x9d“”™˜œ¦¢¡ž]|Â[\xa0©®«»]")


def garbled(text: str) -> Message | None:
    """Say why a text seems to be decoded wrongly ("MÃ¼ller" for Müller); None if it does not."""
    if text.isascii():
        return None
    if _LOST in text:
        return CsvCode.GARBLED_TEXT.message("lost")
    if found := _UTF_8_AS_WINDOWS_1252.search(text):
        return CsvCode.GARBLED_TEXT.message(characters=found.group())
    return None
