"""The enums of changes that wait for a CRM, and of tasks in a CRM."""

from enum import StrEnum


class CrmChangeKind(StrEnum):
    """What has changed here and waits for the CRM."""

    TASK = "TASK"
    ACTIVITY = "ACTIVITY"
    OPT_OUT = "OPT_OUT"


class CrmChangeState(StrEnum):
    """The state of a change that waits for the CRM."""

    WAITING = "WAITING"
    FAILED = "FAILED"


class CrmTaskState(StrEnum):
    """The state of a task in the CRM."""

    NEW = "NEW"
    SENDING = "SENDING"
    SYNCED = "SYNCED"
    GONE = "GONE"


class CrmTaskStatus(StrEnum):
    """What users read about a task in the CRM. It follows from the task's row and from the change that waits."""

    WAITING = "WAITING"
    SYNCED = "SYNCED"
    FAILED = "FAILED"
    DELETED = "DELETED"
    ONLY_HERE = "ONLY_HERE"


class CrmConflictSide(StrEnum):
    """Whose value both sides keep in a conflict."""

    HERE = "HERE"
    THERE = "THERE"


def crm_task_status(state: CrmTaskState, change: CrmChangeState | None) -> CrmTaskStatus:
    """Return what users read about a task. ``change`` is the state of the change that waits, if there is one."""
    if state is CrmTaskState.GONE:
        return CrmTaskStatus.DELETED
    if change is not None:
        return CrmTaskStatus.FAILED if change is CrmChangeState.FAILED else CrmTaskStatus.WAITING
    return {CrmTaskState.SYNCED: CrmTaskStatus.SYNCED, CrmTaskState.SENDING: CrmTaskStatus.WAITING}.get(
        state, CrmTaskStatus.ONLY_HERE
    )
