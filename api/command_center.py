"""The enums of the Command Center: bulk actions, saved filters, and what reps can do with an email."""

from enum import StrEnum


class BulkActionKind(StrEnum):
    """What a bulk action does with each of its emails, tasks, enrollments, people or writes to a CRM."""

    ARCHIVE_EMAILS = "ARCHIVE_EMAILS"
    UNARCHIVE_EMAILS = "UNARCHIVE_EMAILS"
    RETRY_EMAILS = "RETRY_EMAILS"
    WITHDRAW_EMAILS = "WITHDRAW_EMAILS"
    SUCCEED_EMAILS = "SUCCEED_EMAILS"
    CREATE_TASKS = "CREATE_TASKS"
    COMPLETE_TASKS = "COMPLETE_TASKS"
    SKIP_TASKS = "SKIP_TASKS"
    ASSIGN_TASKS = "ASSIGN_TASKS"
    SNOOZE_TASKS = "SNOOZE_TASKS"
    DELETE_TASKS = "DELETE_TASKS"
    DELETE_EMAILS = "DELETE_EMAILS"
    END_ENROLLMENTS = "END_ENROLLMENTS"
    ADD_TO_GROUP = "ADD_TO_GROUP"
    REMOVE_FROM_GROUP = "REMOVE_FROM_GROUP"
    RETRY_CRM_WRITES = "RETRY_CRM_WRITES"
    DROP_CRM_WRITES = "DROP_CRM_WRITES"


class BulkActionStatus(StrEnum):
    """Whether a bulk action in the background runs, or how it ended."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class SavedFilterKind(StrEnum):
    """The list that a saved filter filters."""

    EMAILS = "EMAILS"
    TASKS = "TASKS"
    PEOPLE = "PEOPLE"


class EmailAction(StrEnum):
    """What a rep can do with an email."""

    EDIT = "EDIT"
    SEND = "SEND"
    RESCHEDULE = "RESCHEDULE"
    WITHDRAW = "WITHDRAW"
    DELETE = "DELETE"
    RETRY = "RETRY"
    RESOLVE_IN_DOUBT = "RESOLVE_IN_DOUBT"
    ARCHIVE = "ARCHIVE"
    UNARCHIVE = "UNARCHIVE"
    MARK_SUCCESS = "MARK_SUCCESS"
    FOLLOW_UP = "FOLLOW_UP"
    CREATE_TASK = "CREATE_TASK"


class EmailActivityKind(StrEnum):
    """What can happen to an email that was sent."""

    SENT = "SENT"
    OPENED = "OPENED"
    CLICKED = "CLICKED"
    REPLIED = "REPLIED"
    BOUNCED = "BOUNCED"
