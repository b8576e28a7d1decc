"""Read enrollments: one by id, and the list with its filter."""

from dataclasses import replace

from api.models import Campaign, Enrollment, Person
from api.services.common.lists.filters import FILTER, check_ids, own_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CreatedSort, Order
from api.store.engine.rows import find
from api.store.enrollments import enrollment_lists
from api.store.enrollments.enrollment_lists import EnrollmentFilter

__all__ = ["EnrollmentFilter", "enrollment", "enrollments"]


async def enrollment(context: WorkspaceContext, enrollment_id: str) -> Enrollment | None:
    """Return an enrollment."""
    return await find(Enrollment, context.workspace_id, enrollment_id)


async def enrollments(
    context: WorkspaceContext, chosen: EnrollmentFilter, order: Order[CreatedSort] | None = None
) -> RowList:
    """Return the enrollments of a filter, the oldest first. Raises Refusal."""
    check_ids(chosen, FILTER)
    chosen = replace(
        chosen,
        campaign_id=await own_id(Campaign, context, chosen.campaign_id),
        person_id=await own_id(Person, context, chosen.person_id),
        search=search_text(chosen.search),
    )
    descending = order is not None and order.descending
    return RowList(await enrollment_lists.enrollments(context.workspace_id, chosen, descending=descending))
