"""The values of status columns and of settings."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from plugins import incoming


class OnReply(StrEnum):
    """What a reply does to the person's campaign."""

    END = "END"
    END_AS_SUCCESS = "END_AS_SUCCESS"
    CONTINUE = "CONTINUE"


class Tracking(StrEnum):
    """Which answers of recipients a campaign's emails track."""

    OFF = "OFF"
    CLICKS = "CLICKS"
    OPENS_AND_CLICKS = "OPENS_AND_CLICKS"


class OnExpiry(StrEnum):
    """What an expired task does to the person's campaign."""

    WAIT = "WAIT"
    SKIP = "SKIP"
    END = "END"


class CampaignStatus(StrEnum):
    """The status of a campaign. See ``campaign_status``."""

    DRAFT = "DRAFT"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ENDING = "ENDING"
    FINISHED = "FINISHED"
    ARCHIVED = "ARCHIVED"


class CampaignFacts(Protocol):
    """The columns of a campaign from which its status follows."""

    archived_at: datetime | None
    ending_at: datetime | None
    paused_at: datetime | None
    resume_requested_at: datetime | None
    launched_at: datetime | None
    finished_at: datetime | None


def campaign_status(campaign: CampaignFacts) -> CampaignStatus:
    """Return the status of a campaign. ``STATUS`` in store/campaigns/campaign_status.py is the same rule in SQL."""
    if campaign.archived_at is not None:
        return CampaignStatus.ARCHIVED
    if campaign.ending_at is not None:
        return CampaignStatus.ENDING
    if campaign.paused_at is not None and campaign.resume_requested_at is None:
        return CampaignStatus.PAUSED
    if campaign.launched_at is None:
        return CampaignStatus.DRAFT
    return CampaignStatus.RUNNING if campaign.finished_at is None else CampaignStatus.FINISHED


class EnrollmentStatus(StrEnum):
    """The status of a person in a campaign."""

    ACTIVE = "ACTIVE"
    FINISHED = "FINISHED"
    SUCCEEDED = "SUCCEEDED"
    ENDED = "ENDED"


MAY_GET_EMAILS = (EnrollmentStatus.ACTIVE, EnrollmentStatus.FINISHED)
"""Statuses in which emails may still be sent. A finished person may have an email that is retried."""


class SendStatus(StrEnum):
    """The status of an email."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    CLAIMED = "CLAIMED"
    TRANSMITTING = "TRANSMITTING"
    DEFERRED = "DEFERRED"
    SENT = "SENT"
    FAILED = "FAILED"
    BOUNCED = "BOUNCED"
    IN_DOUBT = "IN_DOUBT"

    @property
    def words(self) -> str:
        """The status in a sentence: "This email is …"."""
        return "a draft" if self is SendStatus.DRAFT else self.lower().replace("_", " ")


BounceKind = incoming.BounceKind


class MatchedBy(StrEnum):
    """How an incoming mail or event was matched to the email that it is about."""

    MESSAGE_ID = "MESSAGE_ID"
    RETURN_ADDRESS = "RETURN_ADDRESS"
    EMAIL_ID = "EMAIL_ID"
    RECIPIENT = "RECIPIENT"


class IncomingResult(StrEnum):
    """The result of an incoming mail or event."""

    APPLIED = "APPLIED"
    IGNORED = "IGNORED"
    UNMATCHED = "UNMATCHED"
    FAILED = "FAILED"


class ReplyKind(StrEnum):
    """The kind of a reply: by a person, or by a program such as an out-of-office notice."""

    REPLY = "REPLY"
    AUTO_REPLY = "AUTO_REPLY"


WAITING_STATUSES = (SendStatus.SCHEDULED, SendStatus.DEFERRED)
"""Statuses of an email that waits for its due time."""
UNTRANSMITTED_STATUSES = (*WAITING_STATUSES, SendStatus.CLAIMED)
"""Statuses of an email whose transmission has not started."""
PENDING_STATUSES = (*UNTRANSMITTED_STATUSES, SendStatus.TRANSMITTING)
UNDELIVERED_STATUSES = (SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.IN_DOUBT)


class TaskStatus(StrEnum):
    """The status of a task."""

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
    """Where the suppression of an address, or its end, comes from."""

    LINK = "LINK"
    ONE_CLICK = "ONE_CLICK"
    MAILTO = "MAILTO"
    COMPLAINT = "COMPLAINT"
    PROVIDER = "PROVIDER"
    UNDO = "UNDO"
    API = "API"
    CSV = "CSV"
    CRM = "CRM"
    UPGRADE = "UPGRADE"


class SuppressionChangeKind(StrEnum):
    """The kind of change in the history of an address."""

    UNSUBSCRIBED = "UNSUBSCRIBED"
    RESUBSCRIBED = "RESUBSCRIBED"


class UnsubscribeReason(StrEnum):
    """Why a recipient unsubscribed, as they chose on the unsubscribe page."""

    TOO_MANY = "TOO_MANY"
    NOT_RELEVANT = "NOT_RELEVANT"
    NEVER_ASKED = "NEVER_ASKED"
    OTHER = "OTHER"


class ImportStatus(StrEnum):
    """The status of a CSV import."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"

    @property
    def over(self) -> bool:
        """Whether the import has ended."""
        return self is not ImportStatus.RUNNING


class OnKnown(StrEnum):
    """How an import handles a row whose address belongs to a person in the workspace."""

    UPDATE = "UPDATE"
    SKIP = "SKIP"


class JobState(StrEnum):
    """The state of a background job."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN_JOB_STATES = (JobState.WAITING, JobState.RUNNING, JobState.RETRYING)


class MailboxState(StrEnum):
    """The state of a mailbox account."""

    STARTING = "STARTING"
    READING = "READING"
    WATCHING = "WATCHING"
    FAILED = "FAILED"
    UNWATCHED = "UNWATCHED"


class PluginState(StrEnum):
    """The state of a package's send option."""

    OK = "OK"
    FAILING = "FAILING"
    """It has failed within the last hour. The server still asks it."""
    PAUSED = "PAUSED"
    """It has failed too often. The server does not ask it for a while."""


class LaunchStatus(StrEnum):
    """The status of a background launch."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"

    @property
    def over(self) -> bool:
        """Whether the launch has ended, so that it enrolls no more people."""
        return self in {LaunchStatus.FINISHED, LaunchStatus.CANCELLED, LaunchStatus.FAILED}


OPEN_LAUNCH_STATUSES = (LaunchStatus.RUNNING, LaunchStatus.PAUSED)
