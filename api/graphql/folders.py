"""The folders of the Command Center."""

from enum import Enum
from typing import Any

import strawberry


def _folder(value: str, description: str) -> Any:
    return strawberry.enum_value(value, description=description)


@strawberry.enum(description="The folders of the Command Center. Three of them hold several others.")
class EmailFolder(Enum):
    """Groups of send statuses."""

    DELIVERED = _folder("DELIVERED", "Sent, not archived.")
    ARCHIVED = _folder("ARCHIVED", "Sent, and moved to the archive.")
    SCHEDULED = _folder("SCHEDULED", "Waits for its time, or to be tried again (SCHEDULED and DEFERRED).")
    IN_PROGRESS = _folder("IN_PROGRESS", "A process has it in hand (CLAIMED and TRANSMITTING).")
    FAILED = _folder("FAILED", "Did not go out, and will not by itself.")
    BOUNCED = _folder("BOUNCED", "The recipient's server rejected it, or it was sent and came back. See `bounce`.")
    IN_DOUBT = _folder("IN_DOUBT", "May have left or not: a person decides by `resolveInDoubt`.")
    SENT = _folder("SENT", "All that was sent and did not come back: DELIVERED and ARCHIVED.")
    PENDING = _folder("PENDING", "All that is still to come: SCHEDULED and IN_PROGRESS.")
    UNDELIVERED = _folder("UNDELIVERED", "All that went wrong: FAILED, BOUNCED and IN_DOUBT.")
