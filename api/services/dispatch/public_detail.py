"""What a channel says, as everybody in a workspace may read it: without paths of the server."""

import logging
import re

from api.mail.clean import storable_text
from api.printable import printable

log = logging.getLogger("touchline.dispatch")

LONGEST_DETAIL = 2_000
"""Characters of a channel's sentence that are kept."""
SCANNED = 10_000
"""Characters of it that are looked at."""
# A path has two parts or more, and is no part of a URL. Each alternative consumes what it has matched: linear.
PATHS = re.compile(r"""(?<![\w:/.~])~?/[^\s/'"<>|:]+/[^\s'"<>|:]*|(?<!\w)[A-Za-z]:\\[^\s'"<>|]+""")
HIDDEN = "(a path of the server)"


def public_detail(text: str) -> str:
    """Return a channel's sentence for tenants. Where a path is left out, the log has the whole."""
    start = text[:SCANNED]
    shown = PATHS.sub(HIDDEN, start)
    if shown != start:
        log.warning("a channel's detail names a path, which tenants do not get to read: %s", printable(start))
    return storable_text(shown, LONGEST_DETAIL)
