"""The lists of one sender: emails, tasks, campaigns."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.campaigns.campaign_filters import CampaignsOrderBy, CampaignsWhere
from api.graphql.campaigns.campaign_filters import read_filter as read_campaign_filter
from api.graphql.emails.email_filters import EmailsOrderBy, EmailsWhere
from api.graphql.emails.email_filters import read_filter as read_email_filter
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.sort_orders import order_of
from api.graphql.tasks.task_filters import TasksOrderBy, TasksWhere
from api.graphql.tasks.task_filters import read_filter as read_task_filter
from api.services.campaigns import campaign_reads
from api.services.common.lists.filters import within
from api.services.emails import email_reads
from api.services.tasks import task_reads

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign
    from api.graphql.emails.emails import Email
    from api.graphql.tasks.tasks import Task


@strawberry.type
class SenderLists:
    """The lists of one sender: emails, tasks, campaigns."""

    id: strawberry.ID

    @strawberry.field(metadata=page_cost(), description="The emails from the sender, in the order of `dueAt`.")
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
        chosen = within(read_email_filter(filter), sender_id=str(self.id))
        rows = await email_reads.emails(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(metadata=page_cost(), description="The tasks of the sender, in the order of `dueDate`.")
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
        chosen = within(read_task_filter(filter, "filter"), assignee_id=str(self.id))
        rows = await task_reads.tasks(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=page_cost(),
        description="The campaigns of the sender, in the order of creation.",
    )
    async def campaigns(
        self,
        info: Request,
        filter: CampaignsWhere = None,
        order_by: CampaignsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Campaign", strawberry.lazy("api.graphql.campaigns.campaigns")]]:
        chosen = within(read_campaign_filter(filter), sender_id=str(self.id))
        rows = await campaign_reads.campaigns(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
