"""Read enrollments: one by id, and the list with its filters."""

from typing import Any

from api.models import Enrollment
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, id_condition, list_rows
from api.states import EnrollmentStatus
from api.store.engine.rows import find


async def enrollment(context: WorkspaceContext, enrollment_id: str) -> Enrollment | None:
    """Return an enrollment."""
    return await find(Enrollment, context.workspace_id, enrollment_id)


def enrollments(
    context: WorkspaceContext,
    campaign_id: str | None = None,
    person_id: str | None = None,
    status: EnrollmentStatus | None = None,
) -> RowList:
    """Return the enrollments, of one campaign, person and status or of all."""
    conditions: dict[str, Any] = {}
    if campaign_id is not None:
        conditions["campaign_id"] = id_condition(campaign_id)
    if person_id is not None:
        conditions["person_id"] = id_condition(person_id)
    if status is not None:
        conditions["status"] = status
    return list_rows(Enrollment, context, **conditions)
