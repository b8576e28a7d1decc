"""Read enrollments: one by id, and the list with its filters."""

from api.models import Enrollment
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, id_condition
from api.states import EnrollmentStatus
from api.store import enrollments as stored_enrollments
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
    return RowList(
        stored_enrollments.enrollments(
            context.workspace_id,
            None if campaign_id is None else id_condition(campaign_id),
            None if person_id is None else id_condition(person_id),
            status,
        )
    )
