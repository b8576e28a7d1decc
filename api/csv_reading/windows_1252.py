"""Checks whether a text that was decoded as windows-1252 can be in no other encoding.

Any bytes of a one-byte encoding can be decoded as windows-1252. So this module looks for characters that appear in
names after a wrong decoding: Mac Roman and the DOS code page 850 have letters where windows-1252 has signs, and the
code pages 1250 (Polish, Czech, Hungarian) and 1254 (Turkish) have other letters.
"""

import re

_DOUBTS = tuple(
    re.compile(pattern)
    for pattern in (
        # Letters where Mac Roman and DOS have more frequent ones: Jörg is Jšrg, Renée is RenŽe.
        r"[ŠšŽžŒœŸƒˆ˜\x80-\x9f]",
        # Cyrillic, Greek and Asian words become several accented letters in a row.
        r"[À-ÖØ-öø-ÿ]{3}",
        r"(?<![A-Za-zÀ-ÿ])[À-ÖØ-öø-ÿ]{2}(?![A-Za-zÀ-ÿ])",
        # A sign inside a word: Polish Wałęsa is Wa³êsa, Spanish Málaga in DOS is M laga.
        r"(?<=[A-Za-zÀ-ÿ])[\xa0-\xad\xaf-\xb3\xb5\xb6\xb8-\xbf×÷](?=[a-zà-ÿ])",
        r"(?<=[A-Za-zÀ-ÿ])[£¤¥¦¬¯±³¶¸¹¼½¾¿]",
        r"[£¤¥¦¯³¹¼½¾](?=[A-Za-zÀ-ÿ])",
        "¤",  # the euro sign in ISO-8859-15
        # Letters of Turkish and Icelandic, of Czech, Polish, Hungarian and Romanian in places that no other language
        # of windows-1252 knows.
        r"[ðþýÐÞÝ]",
        r"ñ(?=[b-df-hj-np-tv-z])",
        r"[ìòù](?=[A-Za-zÀ-ÿ])",
        r"[Øø](?=[a-zà-ÿ]{0,9}[áíóúìòùè])|(?<=[áíóúìòùè])[Øø]",
        r"È(?=[b-df-hj-np-tv-za])",
        r"[iau]è(?![A-Za-zÀ-ÿ])|iæ|[Ææ](?![A-Za-zÀ-ÿ])",
        r"[aeiouäöü]á(?![b-df-hj-np-tv-z])",  # Groß in DOS is Groá
        r"õ(?!e)|û(?!t)|ã(?![oei]|[^A-Za-zÀ-ÿ]|\Z)",
    )
)
_IN_WORDS = re.compile(r"(?<=[A-Za-z])(?:[€‚„…†‡‰‹“”•–—™›‘](?=[a-z])|’(?![A-Z]))")
"""Signs where Mac Roman has letters."""
_WESTERN = re.compile(r"(?<=[a-z])[àâãäåæçèéêëîïñôöøúûüß]|[äöüéèçáíóñ](?=[a-z])")
"""Letters in places where Mac Roman would have a capital or a sign: the text is not Mac Roman."""


def doubtful(text: str) -> int | None:
    """Return the index of a character that suggests another encoding; None if the text is certainly windows-1252."""
    for pattern in _DOUBTS:
        if found := pattern.search(text):
            return found.start()
    if (found := _IN_WORDS.search(text)) and not _WESTERN.search(text):
        return found.start()
    return None
