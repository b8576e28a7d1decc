"""Read from the text of a temporary rejection when the server accepts the email. SMTP has no field for it."""

import re

AGAIN = r"(?:again|back|later|retry|retried|wait)\b[^.;]{0,30}?"
WAIT = re.compile(rf"{AGAIN}\b(\d{{1,6}})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b", re.IGNORECASE)
"""As in "try again in 300 seconds" (Postgrey) and "retry after 5 minutes"."""
CLOCK_WAIT = re.compile(rf"{AGAIN}\b(\d{{1,2}}):(\d\d):(\d\d)\b", re.IGNORECASE)
"""As in "please come back in 00:04:53" (milter-greylist)."""
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def requested_wait(text: str) -> float | None:
    """Return the seconds after which a server wants to be asked again, or None if its answer does not say it."""
    if found := WAIT.search(text):
        return int(found[1]) * SECONDS[found[2][0].lower()]
    if found := CLOCK_WAIT.search(text):
        hours, minutes, seconds = map(int, found.groups())
        return hours * 3600.0 + minutes * 60.0 + seconds
    return None
