"""Steps of campaigns: types and queries."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.ids import StepId
from api.graphql.campaigns.step_lists import StepLists
from api.graphql.engine.enums.table_enums import Priority, StepType
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.node_interface import Node
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import OPTIONS_OF_STEP
from api.graphql.plugins.send_options import SendOptionOffer, offers
from api.graphql.stats import Stats, stats_of
from api.graphql.templates.templates import Template
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from strategies import step_checks

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign


@strawberry.type(description="One step of a campaign: an automatic email, or a task for a rep.")
class Step(StepLists, Node):
    """A row of api.models.Step."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the step: `stp_` and 26 lower-case letters and digits."
    )
    number: int = strawberry.field(description="Position of the step in the campaign, counted from 1 over all days.")
    day: int = strawberry.field(
        description="Day of the step, counted from 1: day 3 is the third day, not three days later."
    )
    type: StepType = strawberry.field(description="Whether the step is an email, a call, an InMail or a custom task.")
    name: str = strawberry.field(description="Name of the step for reps, such as `First call`. Empty if it has none.")
    send_option: str | None = strawberry.field(
        description="Key of the send option, such as `at_time`; null unless the step is an email. See `sendOptions`."
    )
    config: JSON = strawberry.field(
        description='Configuration of the send option, such as `{"at": "09:30"}`. '
        "`SendOptionOffer.configSchema` describes it."
    )
    follow_up: bool = strawberry.field(
        description="Whether the email is sent as a reply to the previous step's email and quotes it."
    )
    subject: str | None = strawberry.field(
        description="Subject of this step; null or empty: the template's subject is used."
    )
    html: str | None = strawberry.field(
        metadata=cost(200),
        description="HTML part of the email that is written in the step, with dynamic fields; null if the step has a "
        "template, or is a task.",
    )
    text: str | None = strawberry.field(
        metadata=cost(50),
        description="Text part for `html`, with dynamic fields; null: it is made from each email's HTML.",
    )
    notes: str = strawberry.field(
        description="Notes for the person who does the task, such as a talk track for a call."
    )
    priority: Priority = strawberry.field(description="Priority of the task that the step creates.")
    added_at: datetime | None = strawberry.field(
        description="When the step was added, if the campaign was already running. People launched "
        "earlier may have skipped it. UTC."
    )
    removed_at: datetime | None = strawberry.field(
        description="When the step was removed from the campaign. It stays in the record of people who "
        "had it. Null if it is part of the campaign. UTC."
    )
    campaign_id: strawberry.Private[str]
    template_id: strawberry.Private[str | None]

    @strawberry.field(description="The campaign to which the step belongs.")
    async def campaign(
        self, info: Request
    ) -> Annotated["Campaign", strawberry.lazy("api.graphql.campaigns.campaigns")]:
        return await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(
        metadata=cost(9),
        description="The template from which the email is rendered; null if the email is written in the step, or if "
        "the step is a task.",
    )
    async def template(self, info: Request) -> Template | None:
        return await info.context.loaders.template.load(self.template_id) if self.template_id else None

    @strawberry.field(
        metadata=cost(30, size=OPTIONS_OF_STEP),
        description="Every installed send option, and whether this step can use it. Empty for a removed step.",
    )
    async def send_options(self, info: Request) -> list[SendOptionOffer]:
        if self.removed_at is not None:
            return []
        steps = timeline_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return offers(info.context.workspace_context, step_checks.position(steps, self.number))

    @strawberry.field(
        metadata=cost(30),
        description="Whether the step can be a follow-up: it is an email, and so is the step directly before it.",
    )
    async def follow_up_available(self, info: Request) -> bool:
        if self.removed_at is not None:
            return False
        steps = timeline_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return self.type is StepType.EMAIL and step_checks.follow_up_offered(step_checks.position(steps, self.number))

    @strawberry.field(metadata=cost(60), description="Numbers of the emails and tasks of this step over all days.")
    async def stats(self, info: Request) -> Stats:
        return stats_of(await info.context.loaders.counts_of_step.load(self.id))


@strawberry.type
class StepQuery:
    @strawberry.field(
        description="The step with this id, also if it was removed from its campaign; null if the workspace has none."
    )
    async def step(self, info: Request, id: StepId) -> Step | None:
        return await info.context.loaders.step.load(id)
