"""Reports: numbers by day, sender, template, step or campaign."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.campaigns.campaigns import Campaign
from api.graphql.campaigns.steps import Step
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.limits.cost import cost
from api.graphql.stats import EmailStats, TaskStats, email_stats, task_stats
from api.graphql.templates.templates import Template
from api.graphql.workspaces.senders import Sender
from api.services.reports import report_reads
from api.services.reports.report_reads import Counts


@strawberry.enum(description="What the lines of a report are grouped by.")
class ReportBy(Enum):
    DAY = strawberry.enum_value("DAY", description="One day. The latest comes first.")
    SENDER = strawberry.enum_value(
        "SENDER", description="One sender: its emails, and the tasks that are assigned to it."
    )
    TEMPLATE = strawberry.enum_value("TEMPLATE", description="The emails of one template, from their first attempt on.")
    STEP = strawberry.enum_value("STEP", description="The emails, or the tasks, that one step has created for people.")
    CAMPAIGN = strawberry.enum_value(
        "CAMPAIGN", description="All emails and tasks of one campaign, over its steps and people."
    )


@strawberry.input(description="What a report counts: the emails and tasks that meet every field that is given.")
class ReportFilter:
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only those of the campaign with this `id`."
    )
    step_id: strawberry.ID | None = strawberry.field(default=None, description="Only those of the step with this `id`.")
    sender_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails from, and tasks of, the sender with this `id`."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails that were made from the template with this `id`."
    )


@strawberry.type(description="One line of a report: the numbers of a day, sender, template, step or campaign.")
class ReportLine:
    """A CountsOf of the store."""

    by: strawberry.Private[report_reads.Scope | None]
    key: strawberry.Private[str]
    numbers: strawberry.Private[dict[str, int]]

    @strawberry.field(
        description="The day of a report by DAY, in the time zone of each email or task; null in other reports."
    )
    def day(self) -> date | None:
        return date.fromisoformat(self.key) if self.by is None else None

    @strawberry.field(metadata=cost(9), description="The sender of a report by SENDER; null in other reports.")
    async def sender(self, info: Request) -> Sender | None:
        return await info.context.loaders.sender.load(self.key) if self.by is report_reads.Scope.SENDER else None

    @strawberry.field(
        metadata=cost(9),
        description="The template of a report by TEMPLATE; null in other reports, and if it was deleted.",
    )
    async def template(self, info: Request) -> Template | None:
        return await info.context.loaders.template.load(self.key) if self.by is report_reads.Scope.TEMPLATE else None

    @strawberry.field(metadata=cost(9), description="The step of a report by STEP; null in other reports.")
    async def step(self, info: Request) -> Step | None:
        return await info.context.loaders.step.load(self.key) if self.by is report_reads.Scope.STEP else None

    @strawberry.field(metadata=cost(9), description="The campaign of a report by CAMPAIGN; null in other reports.")
    async def campaign(self, info: Request) -> Campaign | None:
        return await info.context.loaders.campaign.load(self.key) if self.by is report_reads.Scope.CAMPAIGN else None

    @strawberry.field(description="Emails, and answers to them.")
    def emails(self) -> EmailStats:
        return email_stats(Counts(self.numbers, {}))

    @strawberry.field(description="Numbers of tasks by status.")
    def tasks(self) -> TaskStats:
        return task_stats(Counts(self.numbers, {}))


@strawberry.type
class ReportQuery:
    @strawberry.field(
        metadata=page_cost(),
        description="Numbers of emails and tasks by day, sender, template, step or campaign. A line has at least one "
        "number that is not 0. docs/reports.md defines each number.",
    )
    async def report(
        self,
        info: Request,
        by: Annotated[ReportBy, strawberry.argument(description="What the lines are grouped by.")] = ReportBy.DAY,
        filter: Annotated[
            ReportFilter | None, strawberry.argument(description="What is counted; null or left out: everything.")
        ] = None,
        first_day: Annotated[
            date | None,
            strawberry.argument(name="from", description="First day that is counted; null or left out: no limit."),
        ] = None,
        last_day: Annotated[
            date | None,
            strawberry.argument(name="to", description="Last day that is counted; null or left out: no limit."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ReportLine]:
        chosen = filter or ReportFilter()
        counted = report_reads.ReportFilter(
            chosen.campaign_id, chosen.step_id, chosen.sender_id, chosen.template_id, first_day, last_day
        )
        scope = None if by is ReportBy.DAY else report_reads.Scope[by.name]
        lines = report_reads.report_lines(info.context.workspace_context, scope, counted)
        return await connect(lines, PageRequest(first, after, last, before), info)
