"""The copy of a task in the connected CRM."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.crm_task_states import CrmChangeState, CrmConflictSide, CrmTaskStatus, crm_task_status
from api.graphql.engine.enums.crm_failure_enums import CrmCategory
from api.graphql.engine.enums.table_enums import describe
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CRM_CONFLICTS
from plugins.crms.codes import CrmCode
from plugins.crms.tasks import TaskField

describe(
    CrmTaskStatus,
    "Whether the copy of a task in the CRM is up to date.",
    {
        "WAITING": "A change of the task waits for the CRM. It is sent within seconds, or tried again at `retryAt`.",
        "SYNCED": "The copy in the CRM is up to date.",
        "FAILED": "The CRM has rejected a change. It waits until the task changes, or until somebody retries it.",
        "DELETED": "The CRM no longer has the task: it was deleted there, or deleted or cancelled here.",
        "ONLY_HERE": "The tasks of its assignee are not synced, or it was closed before the CRM got it.",
    },
)
describe(
    TaskField,
    "A field of a task that is synced with a CRM.",
    {
        "SUBJECT": "The name, by the workspace's pattern of subjects. A change in the CRM is not applied here.",
        "STATUS": "Whether the task is open or completed.",
        "PRIORITY": "How urgent the task is: high, normal or low.",
        "DUE": "The day on which the task is due, or none.",
        "DETAILS": "The notes of the rep, as plain text.",
        "OWNER": "The sender who does the task, as a user of the CRM.",
        "PERSON": "The person. A change in the CRM is not applied here.",
    },
)
describe(
    CrmConflictSide,
    "Whose value both sides keep in a conflict.",
    {
        "HERE": "Touchline's: its change was later, or the CRM's cannot be applied here.",
        "THERE": "The CRM's: its change was later.",
    },
)


@strawberry.type(description="A field of a task that was changed here and in the CRM before they were synced.")
class CrmConflict:
    field: TaskField = strawberry.field(description="Which value of the task both sides had changed.")
    here: str | None = strawberry.field(
        description="The value here, such as `2026-03-05`, `HIGH`, or the id of the CRM's user; null for texts."
    )
    there: str | None = strawberry.field(description="The value in the CRM, as `here` has it; null for texts.")
    wins: CrmConflictSide = strawberry.field(description="Whose value was kept. Both sides have it now.")
    at: datetime = strawberry.field(description="When the conflict was found, UTC.")


@strawberry.type(description="Why a change did not reach the CRM.")
class CrmTaskError:
    code: str = strawberry.field(description="For programs, such as `FIELD_CUSTOM_VALIDATION_EXCEPTION`.")
    category: CrmCategory = strawberry.field(description="What helps.")
    message: str = strawberry.field(description="One sentence for people.")
    what_to_do: str = strawberry.field(description="What to do about it, in one or two sentences.")
    detail: str = strawberry.field(description="What the CRM said. Empty if it said nothing.")
    attempts: int = strawberry.field(description="Number of failed attempts since the last change.")
    failed_at: datetime = strawberry.field(description="When the last attempt failed, UTC.")
    retry_at: datetime | None = strawberry.field(
        description="When it is tried again, UTC; null if it waits for a change or for somebody who retries it."
    )


@strawberry.type(description="The copy of a task that the CRM has, and how it is synced.")
class CrmTask:
    state: CrmTaskStatus = strawberry.field(description="Whether the copy in the CRM is up to date.")
    remote_id: str | None = strawberry.field(
        description=(
            "Id of the task in the CRM, such as `00T5e000001abcdEAA`; null if the CRM does not have the task yet."
        )
    )
    url: str | None = strawberry.field(description="URL at which users open the task in the CRM; null if not known.")
    last_synced_at: datetime | None = strawberry.field(
        description="When both sides were last found or made equal, UTC; null if they never were."
    )
    error: CrmTaskError | None = strawberry.field(
        description="Why the last attempt to write the task failed; null if it succeeded."
    )
    conflicts: list[CrmConflict] = strawberry.field(
        metadata=cost(size=CRM_CONFLICTS),
        description="The last conflicts, the newest first, up to 20. Each is in the Live Feed as well, as "
        "`TASK_CONFLICT`.",
    )


def crm_task_of(found: Any) -> CrmTask | None:
    """Return a task's copy in the CRM. ``found`` is its row with the change that waits."""
    if found is None:
        return None
    link, change = found
    return CrmTask(
        state=crm_task_status(link.state, None if change is None else change.state),
        remote_id=link.remote_id,
        url=link.url or None,
        last_synced_at=link.synced_at,
        error=None if change is None or not change.code else _error(change),
        conflicts=[_conflict(each) for each in link.conflicts],
    )


def _error(change: Any) -> CrmTaskError:
    known = CrmCode.of(change.code)
    return CrmTaskError(
        code=change.code,
        category=CrmCategory(change.category),
        message=known.sentence if known.value == change.code else change.detail or known.sentence,
        what_to_do=known.do,
        detail=change.detail,
        attempts=change.attempts,
        failed_at=change.failed_at,
        retry_at=change.next_at if change.state is CrmChangeState.WAITING else None,
    )


def _conflict(values: Mapping[str, Any]) -> CrmConflict:
    return CrmConflict(
        field=TaskField(values["field"]),
        here=values["here"],
        there=values["there"],
        wins=CrmConflictSide(values["wins"]),
        at=datetime.fromisoformat(values["at"]),
    )
