"""Mutations on steps."""

from typing import Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.input_values import given_fields_not_null
from api.graphql.campaign_mutations import CampaignPayload
from api.graphql.campaigns import Campaign
from api.graphql.engine.context import Request
from api.graphql.engine.enums import Priority, StepType
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.steps import Step
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import authoring
from api.services.enrollments import order_warnings


@strawberry.input(description="A step to add.")
class StepInput:
    day: int = strawberry.field(description="1 is the first day.")
    type: StepType = strawberry.field(description="EMAIL, CALL, INMAIL or CUSTOM.")
    position: int | None = strawberry.field(
        default=None, description="1 is first among the day's steps; left out, last."
    )
    name: str = strawberry.field(default="", description="Name for reps.")
    send_option: str | None = strawberry.field(default=None, description="Key of a send option; see `sendOptions`.")
    config: JSON | None = strawberry.field(default=None, description="Configuration of the option, by its JSON Schema.")
    follow_up: bool = strawberry.field(default=False, description="Append the previous email, and answer it.")
    template_id: strawberry.ID | None = strawberry.field(default=None, description="Template of an email step.")
    subject: str | None = strawberry.field(default=None, description="Subject instead of the template's.")
    notes: str = strawberry.field(default="", description="Notes for whoever does the task.")
    priority: Priority = strawberry.field(default=Priority.NORMAL, description="Priority of the task.")


@strawberry.input(description="What to change of a step. What is left out stays.")
class StepChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name for reps.")
    send_option: str | None = strawberry.field(default=strawberry.UNSET, description="Key of a send option.")
    config: JSON | None = strawberry.field(default=strawberry.UNSET, description="Configuration of the option.")
    follow_up: bool | None = strawberry.field(default=strawberry.UNSET, description="Append the previous email.")
    template_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Template.")
    subject: str | None = strawberry.field(default=strawberry.UNSET, description="Subject; null takes the template's.")
    notes: str | None = strawberry.field(default=strawberry.UNSET, description="Notes for whoever does the task.")
    priority: Priority | None = strawberry.field(default=strawberry.UNSET, description="Priority of the task.")


@strawberry.type(description="The step, or why not.")
class StepPayload(Payload):
    step: Step | None = strawberry.field(default=None, description="The step as it is now.")

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about at this step's place, such as an email that goes out before one of an "
        "earlier step. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.step is None:
            return []
        context, loaders, step = info.context.workspace_context, info.context.loaders, self.step
        steps: list[Any] = await loaders.steps_of_campaign.load(step.campaign_id)
        skip = (await loaders.campaign.load(step.campaign_id)).skip_weekends
        return warning_lines(order_warnings.step_warnings(context, steps, step.number, skip_weekends=skip))


@strawberry.type
class StepMutation:
    @mutation(metadata=cost(3_000), description="Add a step to a day. Refused where its send option is not offered.")
    async def add_step(self, info: Request, campaign_id: strawberry.ID, input: StepInput) -> StepPayload:
        content = given_fields_not_null(input)
        step = await authoring.add_step(
            info.context.workspace_context, campaign_id, step_type=content.pop("type"), **content
        )
        return StepPayload(step=from_row(Step, step))

    @mutation(metadata=cost(3_000), description="Change what a step contains.")
    async def change_step(self, info: Request, id: strawberry.ID, input: StepChanges) -> StepPayload:
        row = await authoring.change_step(info.context.workspace_context, id, **given_fields_not_null(input))
        return StepPayload(step=from_row(Step, row))

    @mutation(
        metadata=cost(3_000), description="Move a step to a day, at a position (1 is first) or behind the day's steps."
    )
    async def move_step(
        self,
        info: Request,
        id: strawberry.ID,
        day: int,
        position: int | None = None,
    ) -> StepPayload:
        return StepPayload(
            step=from_row(
                Step, await authoring.move_step(info.context.workspace_context, id, day=day, position=position)
            )
        )

    @mutation(
        metadata=cost(3_000),
        description="Remove a step. It is cancelled for whoever waits for it, and stays in the record of others.",
    )
    async def remove_step(self, info: Request, id: strawberry.ID) -> CampaignPayload:
        row = await authoring.remove_step(info.context.workspace_context, id)
        return CampaignPayload(campaign=from_row(Campaign, row))
