"""Steps of campaigns: types."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.context import Request
from api.graphql.engine.enums import Priority, StepType
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import OPTIONS_OF_STEP
from api.graphql.send_options import SendOptionOffer, offers
from api.graphql.templates import Template
from api.services.enrollments.timelines import core_steps
from strategies import step_checks


@strawberry.type(description="One step of a campaign.")
class Step:
    """A row of api.models.Step."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    number: int = strawberry.field(description="1 is the campaign's first step.")
    day: int = strawberry.field(description="1 is the first day; day 3 is the third, not three days later.")
    type: StepType = strawberry.field(description="EMAIL, CALL, INMAIL or CUSTOM.")
    name: str = strawberry.field(description="Name for reps.")
    send_option: str | None = strawberry.field(description="Key of the send option of an email step.")
    config: JSON = strawberry.field(description="Configuration of the send option.")
    follow_up: bool = strawberry.field(description="Whether the previous email is appended, and answered.")
    subject: str | None = strawberry.field(description="Subject of its own; null or empty takes the template's.")
    notes: str = strawberry.field(description="Notes for the person who does the task: a talk track.")
    priority: Priority = strawberry.field(description="Priority of the task.")
    added_at: datetime | None = strawberry.field(
        description="When it was added: whoever was launched before may have passed it. UTC."
    )
    removed_at: datetime | None = strawberry.field(
        description="When it was removed: it is a record then, and no step of the campaign any more. UTC."
    )
    campaign_id: strawberry.Private[str]
    template_id: strawberry.Private[str | None]

    @strawberry.field(metadata=cost(9), description="The template of an email step.")
    async def template(self, info: Request) -> Template | None:
        return await info.context.loaders.template.load(self.template_id) if self.template_id else None

    @strawberry.field(
        metadata=cost(30, size=OPTIONS_OF_STEP),
        description="Every send option, offered or not, where this step stands.",
    )
    async def send_options(self, info: Request) -> list[SendOptionOffer]:
        if self.removed_at is not None:
            return []
        steps = core_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return offers(info.context.workspace_context, step_checks.position(steps, self.number))

    @strawberry.field(
        metadata=cost(30),
        description="Whether the follow-up checkbox is shown: the directly preceding step is an email.",
    )
    async def follow_up_available(self, info: Request) -> bool:
        if self.removed_at is not None:
            return False
        steps = core_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return self.type is StepType.EMAIL and step_checks.follow_up_offered(step_checks.position(steps, self.number))
