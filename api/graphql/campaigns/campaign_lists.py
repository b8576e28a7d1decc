"""The lists of one campaign: emails, tasks, enrollments, events."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.emails.email_filters import EmailsOrderBy, EmailsWhere
from api.graphql.emails.email_filters import read_filter as read_email_filter
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.enrollments.enrollment_filters import EnrollmentsOrderBy, EnrollmentsWhere
from api.graphql.enrollments.enrollment_filters import read_filter as read_enrollment_filter
from api.graphql.events.event_filters import EventsOrderBy, EventsWhere
from api.graphql.events.event_filters import read_filter as read_event_filter
from api.graphql.sort_orders import order_of
from api.graphql.tasks.task_filters import TasksOrderBy, TasksWhere
from api.graphql.tasks.task_filters import read_filter as read_task_filter
from api.services.common.lists.filters import within
from api.services.emails import email_reads
from api.services.enrollments import enrollment_reads
from api.services.following import events
from api.services.tasks import task_reads

if TYPE_CHECKING:
    from api.graphql.emails.emails import Email
    from api.graphql.enrollments.enrollments import Enrollment
    from api.graphql.events.events import Event
    from api.graphql.tasks.tasks import Task


@strawberry.type
class CampaignLists:
    """The lists of one campaign: emails, tasks, enrollments, events."""

    id: strawberry.ID

    @strawberry.field(metadata=page_cost(), description="The emails of the campaign, in the order of `dueAt`.")
    async def emails(
        self,
        info: Request,
        filter: EmailsWhere = None,
        order_by: EmailsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Email", strawberry.lazy("api.graphql.emails.emails")]]:
        chosen = within(read_email_filter(filter), campaign_id=str(self.id))
        rows = await email_reads.emails(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(metadata=page_cost(), description="The tasks of the campaign, in the order of `dueDate`.")
    async def tasks(
        self,
        info: Request,
        filter: TasksWhere = None,
        order_by: TasksOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Task", strawberry.lazy("api.graphql.tasks.tasks")]]:
        chosen = within(read_task_filter(filter, "filter"), campaign_id=str(self.id))
        rows = await task_reads.tasks(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(metadata=page_cost(), description="The enrollments in the campaign, the oldest first.")
    async def enrollments(
        self,
        info: Request,
        filter: EnrollmentsWhere = None,
        order_by: EnrollmentsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments.enrollments")]]:
        chosen = within(read_enrollment_filter(filter), campaign_id=str(self.id))
        rows = await enrollment_reads.enrollments(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=page_cost(), description="The events of the campaign in the Live Feed, the newest first by default."
    )
    async def events(
        self,
        info: Request,
        filter: EventsWhere = None,
        order_by: EventsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Event", strawberry.lazy("api.graphql.events.events")]]:
        chosen = within(read_event_filter(filter), campaign_id=str(self.id))
        rows = await events.event_list(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
