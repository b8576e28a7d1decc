"""Mutations on several enrollments at once, by their ids or by a filter."""

from typing import Annotated

import strawberry

from api.command_center import BulkActionKind
from api.graphql.bulk_actions import EACH, BulkPayload, Ids, bulk
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import mutation
from api.graphql.enrollments.enrollment_filters import EnrollmentFilter, read_filter
from api.graphql.enrollments.enrollments import Success
from api.services.enrollments import enrollment_reads

Filter = Annotated[
    EnrollmentFilter | None,
    strawberry.argument(
        description="All enrollments that match this filter of `enrollments` now, up to 100,000. Leave "
        "it out if you give ids."
    ),
]


@strawberry.type
class EnrollmentBulkMutation:
    @mutation(metadata=EACH, description="Remove several people from campaigns, as `endEnrollment` does each of them.")
    async def end_enrollments(
        self, info: Request, ids: Ids = None, filter: Filter = None, success: Success = False
    ) -> BulkPayload:
        context = info.context.workspace_context
        rows = None if filter is None else await enrollment_reads.enrollments(context, read_filter(filter))
        return await bulk(info, BulkActionKind.END_ENROLLMENTS, ids, rows, success=success)
