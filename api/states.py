"""The states that rows go through, and the choices that settings offer."""

from enum import StrEnum


class OnReply(StrEnum):
    """What a reply does to the person's campaign."""

    END = "END"
    END_AS_SUCCESS = "END_AS_SUCCESS"
    CONTINUE = "CONTINUE"


class OnExpiry(StrEnum):
    """What an expired task does to the person's campaign."""

    WAIT = "WAIT"
    SKIP = "SKIP"
    END = "END"


class EnrollmentStatus(StrEnum):
    """Where a person stands in a campaign."""

    ACTIVE = "ACTIVE"
    FINISHED = "FINISHED"
    SUCCEEDED = "SUCCEEDED"
    ENDED = "ENDED"


MAY_GET_EMAILS = (EnrollmentStatus.ACTIVE, EnrollmentStatus.FINISHED)
"""Of whom something may still leave: who has finished may have an email that was retried."""


class SendStatus(StrEnum):
    """The ledger of one scheduled send."""

    SCHEDULED = "SCHEDULED"
    CLAIMED = "CLAIMED"
    TRANSMITTING = "TRANSMITTING"
    DEFERRED = "DEFERRED"
    SENT = "SENT"
    FAILED = "FAILED"
    BOUNCED = "BOUNCED"
    IN_DOUBT = "IN_DOUBT"


class BounceKind(StrEnum):
    """What a bounce says about the address."""

    HARD = "HARD"
    SOFT = "SOFT"


WAITING_STATUSES = (SendStatus.SCHEDULED, SendStatus.DEFERRED)
UNBEGUN_STATUSES = (*WAITING_STATUSES, SendStatus.CLAIMED)
"""Of an email that has not begun to leave."""
PENDING_STATUSES = (*UNBEGUN_STATUSES, SendStatus.TRANSMITTING)
UNDELIVERED_STATUSES = (SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT)


class TaskStatus(StrEnum):
    """What became of a task."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    SKIPPED = "SKIPPED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class TaskDue(StrEnum):
    """The due date of a task, relative to today in the assignee's time zone."""

    TODAY = "TODAY"
    TOMORROW = "TOMORROW"
    TODAY_AND_TOMORROW = "TODAY_AND_TOMORROW"
    NEXT_SEVEN_DAYS = "NEXT_SEVEN_DAYS"
    OVERDUE = "OVERDUE"


class Priority(StrEnum):
    """How urgent a task is."""

    NORMAL = "NORMAL"
    HIGH = "HIGH"


class SuppressionSource(StrEnum):
    """What suppressed an address or let it be written to again."""

    LINK = "LINK"
    API = "API"
    CSV = "CSV"
    UPGRADE = "UPGRADE"


class SuppressionChangeKind(StrEnum):
    """What changed for a suppressed address."""

    UNSUBSCRIBED = "UNSUBSCRIBED"
    RESUBSCRIBED = "RESUBSCRIBED"


class ImportStatus(StrEnum):
    """Where a CSV import stands."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"


class OnKnown(StrEnum):
    """What an import does with a row whose address is in the workspace already."""

    UPDATE = "UPDATE"
    SKIP = "SKIP"


class JobState(StrEnum):
    """Where a background job stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN_JOB_STATES = (JobState.WAITING, JobState.RUNNING, JobState.RETRYING)


class LaunchStatus(StrEnum):
    """The status of a background launch."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"

    @property
    def over(self) -> bool:
        """Whether it has come to its end: nobody else will ever be enrolled by it."""
        return self in {LaunchStatus.FINISHED, LaunchStatus.CANCELLED, LaunchStatus.FAILED}


GOING_ON = (LaunchStatus.RUNNING, LaunchStatus.PAUSED)
