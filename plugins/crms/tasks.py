"""Tasks as they pass between Touchline and a CRM.

Names and meanings are Touchline's. A package maps them to the CRM:

| here | Salesforce Task | HubSpot task | Pipedrive activity |
| --- | --- | --- | --- |
| subject | Subject (255) | hs_task_subject | subject |
| status | Status: Not Started, Completed | hs_task_status: NOT_STARTED, COMPLETED | done: false, true |
| priority | Priority: Normal, High | hs_task_priority: MEDIUM, HIGH | priority of the account's settings |
| due | ActivityDate | date of hs_timestamp | due_date |
| details | Description | hs_task_body | note |
| owner_id | OwnerId | hubspot_owner_id | owner_id |
| person_id | WhoId | association to a contact | participants, primary |
| changed_at | SystemModstamp | hs_lastmodifieddate | update_time |
| marker | external id field | property with hasUniqueValue | custom field |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from plugins.crms.checks import (
    check_cursor,
    check_ids,
    check_instants,
    check_kinds,
    check_list,
    check_marker,
    clean_texts,
    plain_date,
)
from plugins.crms.errors import CrmError

MAX_BATCH = 200
"""The most records of one call of a session. A session whose CRM takes fewer at once makes several requests."""
MAX_SUBJECT_CHARACTERS = 255


class RemoteStatus(StrEnum):
    """The status of a task in the CRM."""

    OPEN = "OPEN"
    COMPLETED = "COMPLETED"
    OTHER = "OTHER"
    """Any other status, such as "In Progress". Touchline never writes or changes it."""


class RemotePriority(StrEnum):
    """The priority of a task in the CRM."""

    NORMAL = "NORMAL"
    HIGH = "HIGH"
    OTHER = "OTHER"
    """Any other priority, such as "Low". Touchline never writes or changes it."""


class RemoteTaskKind(StrEnum):
    """The kind of a task in the CRM."""

    TASK = "TASK"
    CALL = "CALL"
    """A task to call somebody."""
    EMAIL = "EMAIL"
    """A task to email somebody, or the record of an email. Salesforce makes one for each logged EmailMessage."""
    OTHER = "OTHER"


class TaskField(StrEnum):
    """The fields that are synced."""

    SUBJECT = "SUBJECT"
    STATUS = "STATUS"
    PRIORITY = "PRIORITY"
    DUE = "DUE"
    DETAILS = "DETAILS"
    OWNER = "OWNER"
    PERSON = "PERSON"


@dataclass(frozen=True, slots=True)
class TaskValues:
    """The synced values of one task."""

    subject: str
    status: RemoteStatus
    priority: RemotePriority
    due: date | None
    """A date without a time and zone, as the CRM has it. Touchline's tasks always have one."""
    details: str
    owner_id: str | None
    """The CRM's id of the assignee. None: the CRM assigns it to the user of the connection."""
    person_id: str | None
    """The CRM's id of the person, such as a lead's or a contact's."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored; clean texts."""
        check_ids(self, "owner_id", "person_id")
        check_kinds(self, status=RemoteStatus, priority=RemotePriority)
        plain_date(self, "due")
        clean_texts(self, "subject", "details")


@dataclass(frozen=True, slots=True)
class TaskPush:
    """One task to create or update in the CRM."""

    marker: str
    """Touchline's name for the task in the CRM, unique over all workspaces and for ever. The result carries it."""
    remote_id: str | None
    """The CRM's id. None: create the task."""
    values: TaskValues
    fields: frozenset[TaskField]
    """The fields to write. Leave all others as they are. All of them if the task is created."""

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored, and values that Touchline never writes."""
        check_marker(self.marker)
        check_ids(self, "remote_id")
        if TaskField.STATUS in self.fields and self.values.status is RemoteStatus.OTHER:
            raise ValueError("Touchline writes OPEN and COMPLETED only")
        if TaskField.PRIORITY in self.fields and self.values.priority is RemotePriority.OTHER:
            raise ValueError("Touchline writes NORMAL and HIGH only")
        if len(self.values.subject) > MAX_SUBJECT_CHARACTERS:
            raise ValueError(f"a subject has up to {MAX_SUBJECT_CHARACTERS} characters")


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The result for one record of a batch."""

    key: str
    """The marker of the record, or its remote id if it was given without a marker."""
    remote_id: str | None = None
    """The CRM's id of the record, if it was written."""
    created: bool = False
    error: CrmError | None = None
    """Why it was not written. With ``in_doubt``: it may have been written."""

    def __post_init__(self) -> None:
        """Refuse a result with neither or both of them."""
        check_ids(self, "remote_id")
        if (self.remote_id is None) is (self.error is None):
            raise ValueError("a result has a remote_id or an error")


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """One task as the CRM has it."""

    remote_id: str
    values: TaskValues
    marker: str | None
    """The marker that Touchline wrote. None: the task is not Touchline's."""
    created_at: datetime
    changed_at: datetime
    """The CRM's own time of the last change of any kind, including those of its automations."""
    kind: RemoteTaskKind = RemoteTaskKind.TASK
    is_deleted: bool = False

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored and times without a zone."""
        check_ids(self, "remote_id")
        check_marker(self.marker)
        check_instants(self, "created_at", "changed_at")
        check_kinds(self, values=TaskValues, kind=RemoteTaskKind)


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Some changed tasks, in the order of their changes."""

    tasks: Sequence[RemoteTask]
    cursor: str | None
    """A text with which the next call continues, up to 2,000 characters. None: there are no more."""
    server_time: datetime
    """The CRM's clock when it answered. The next round begins at that of the first page, less an overlap."""

    def __post_init__(self) -> None:
        """Refuse a time without a zone, a cursor that cannot be stored, and tasks of another type."""
        check_instants(self, "server_time")
        check_cursor(self)
        check_list(self, tasks=RemoteTask)


@dataclass(frozen=True, slots=True)
class DeletedTask:
    """One task that was deleted in the CRM."""

    remote_id: str
    deleted_at: datetime

    def __post_init__(self) -> None:
        """Refuse an id that cannot be stored and a time without a zone."""
        check_ids(self, "remote_id")
        check_instants(self, "deleted_at")


@dataclass(frozen=True, slots=True)
class DeletedTasks:
    """The tasks that were deleted in a window of time."""

    tasks: Sequence[DeletedTask]
    covered_until: datetime
    """All deletions before this time are known. The next window begins here.

    Salesforce: latestDateCovered of the resource sObject Get Deleted. It is earlier than the end of the window while
    long transactions run.
    """

    def __post_init__(self) -> None:
        """Refuse a time without a zone, and tasks of another type."""
        check_instants(self, "covered_until")
        check_list(self, tasks=DeletedTask)
