"""Remove paths of the server from a channel's texts, because all users of a workspace can read these texts."""

import logging
import re

from api.mail.text_checks import storable_text
from api.printable import printable

log = logging.getLogger("touchline.dispatch")

MAX_DETAIL_CHARACTERS = 2_000
"""The longest detail that is stored."""
SCANNED_CHARACTERS = 10_000
"""Characters of a channel's text that are searched for paths. The rest is dropped."""
# A path has two parts or more, and is not part of a URL. The search takes linear time.
PATH_PATTERN = re.compile(r"""(?<![\w:/.~])~?/[^\s/'"<>|:]+/[^\s'"<>|:]*|(?<!\w)[A-Za-z]:\\[^\s'"<>|]+""")
HIDDEN = "(a path of the server)"


def public_detail(text: str) -> str:
    """Return a channel's text without paths of the server. If it has a path, the log gets the whole text."""
    start = text[:SCANNED_CHARACTERS]
    may_have_path = "/" in start or "\\" in start
    shown = PATH_PATTERN.sub(HIDDEN, start) if may_have_path else start
    if shown != start:
        log.warning(
            "the detail of a channel contains a path of the server, which users do not see: %s", printable(start)
        )
    return storable_text(shown, MAX_DETAIL_CHARACTERS)
