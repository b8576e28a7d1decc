"""Mutations on steps."""

from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.input_values import content_of
from api.graphql.campaign_mutations import CampaignPayload
from api.graphql.engine.context import Request
from api.graphql.engine.enums import Priority, StepType
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, WARNINGS
from api.graphql.steps import Step
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import authoring
from api.services.enrollments import order_warnings


@strawberry.input(description="A step to add.")
class StepInput:
    """What addStep takes."""

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
    """What changeStep takes."""

    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name for reps.")
    send_option: str | None = strawberry.field(default=strawberry.UNSET, description="Key of a send option.")
    config: JSON | None = strawberry.field(default=strawberry.UNSET, description="Configuration of the option.")
    follow_up: bool | None = strawberry.field(default=strawberry.UNSET, description="Append the previous email.")
    template_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Template.")
    subject: str | None = strawberry.field(default=strawberry.UNSET, description="Subject; null takes the template's.")
    notes: str | None = strawberry.field(default=strawberry.UNSET, description="Notes for whoever does the task.")
    priority: Priority | None = strawberry.field(default=strawberry.UNSET, description="Priority of the task.")


@strawberry.type(description="The step, or why not.")
class StepPayload:
    """Answer of the mutations on steps."""

    step: Step | None = strawberry.field(default=None, description="The step as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about at this step's place, such as an email that goes out before one of an "
        "earlier step. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if self.step is None:
            return []
        context, loaders, step = info.context.workspace_context, info.context.loaders, self.step
        steps: list[Any] = await loaders.steps_of_campaign.load(step.campaign_id)
        skip = (await loaders.campaign.load(step.campaign_id)).skip_weekends
        return warning_lines(order_warnings.step_warnings(context, steps, step.number, skip_weekends=skip))


@strawberry.type
class StepMutation:
    """Mutations on steps."""

    @strawberry.mutation(
        metadata=cost(3_000), description="Add a step to a day. Refused where its send option is not offered."
    )
    @payload_of(StepPayload)
    async def add_step(self, info: Request, campaign_id: strawberry.ID, input: StepInput) -> StepPayload:  # noqa: A002
        """Add a step."""
        content = content_of(input)
        step = await authoring.add_step(
            info.context.workspace_context, campaign_id, step_type=content.pop("type"), **content
        )
        return StepPayload(step=cast(Any, step))

    @strawberry.mutation(metadata=cost(3_000), description="Change what a step contains.")
    @payload_of(StepPayload)
    async def change_step(self, info: Request, id: strawberry.ID, input: StepChanges) -> StepPayload:  # noqa: A002
        """Change a step."""
        return StepPayload(
            step=cast(Any, await authoring.change_step(info.context.workspace_context, id, **content_of(input)))
        )

    @strawberry.mutation(
        metadata=cost(3_000), description="Move a step to a day, at a position (1 is first) or behind the day's steps."
    )
    @payload_of(StepPayload)
    async def move_step(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
        day: int,
        position: int | None = None,
    ) -> StepPayload:
        """Move a step."""
        return StepPayload(
            step=cast(Any, await authoring.move_step(info.context.workspace_context, id, day=day, position=position))
        )

    @strawberry.mutation(
        metadata=cost(3_000),
        description="Remove a step. It is cancelled for whoever waits for it, and stays in the record of others.",
    )
    @payload_of(CampaignPayload)
    async def remove_step(self, info: Request, id: strawberry.ID) -> CampaignPayload:  # noqa: A002
        """Remove a step."""
        return CampaignPayload(campaign=cast(Any, await authoring.remove_step(info.context.workspace_context, id)))
