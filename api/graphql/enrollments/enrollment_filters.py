"""The filter of enrollments."""

from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import EnrollmentStatus
from api.graphql.sort_orders import CreatedOrder
from api.services.enrollments import enrollment_reads


@strawberry.input(description="Selects enrollments that match every given field. An empty list matches none.")
class EnrollmentFilter:
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only enrollments in the campaign with this `id`."
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only enrollments of the person with this `id`."
    )
    status: list[EnrollmentStatus] | None = strawberry.field(
        default=None, description="Only enrollments with one of these statuses. If left out, of every status."
    )
    search: str | None = strawberry.field(
        default=None, description="Only enrollments of people who match this text, as `PersonFilter.search` finds them."
    )


def read_filter(chosen: EnrollmentFilter | None) -> enrollment_reads.EnrollmentFilter:
    """Return a filter as services take it."""
    if chosen is None:
        return enrollment_reads.EnrollmentFilter()
    return enrollment_reads.EnrollmentFilter(chosen.campaign_id, chosen.person_id, chosen.status, chosen.search)


EnrollmentsWhere = Annotated[
    EnrollmentFilter | None,
    strawberry.argument(description="Only enrollments that meet this filter. If left out, all enrollments."),
]
EnrollmentsOrderBy = Annotated[
    CreatedOrder | None,
    strawberry.argument(description="The order of the list. If left out, the oldest first."),
]
