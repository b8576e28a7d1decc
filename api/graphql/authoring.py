"""Mutations that author campaigns."""

from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.campaigns import Campaign, Step
from api.graphql.engine.context import Request
from api.graphql.engine.enums import OnExpiry, OnReply, Priority, StepType
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, WARNINGS
from api.graphql.people import given
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import authoring
from api.services.enrollments import order_warnings
from strategies import Refusal

NOT_NULL = {"name", "sender_id", "skip_weekends", "remove_on_bounce", "on_reply", "use_recipient_zone"}
NOT_NULL |= {"on_task_expiry", "follow_up", "notes", "priority", "config", "in_doubt_resends"}


@strawberry.input(description="A campaign to create.")
class CampaignInput:
    """What createCampaign takes."""

    name: str = strawberry.field(description="Name.")
    sender_id: strawberry.ID = strawberry.field(description="Who writes.")
    category_id: strawberry.ID | None = strawberry.field(default=None, description="Category.")
    skip_weekends: bool = strawberry.field(default=False, description="Days count Monday to Friday.")
    remove_on_bounce: bool = strawberry.field(default=True, description="A bounce ends the campaign for the person.")
    on_reply: OnReply = strawberry.field(default=OnReply.END, description="What a reply does.")
    use_recipient_zone: bool = strawberry.field(default=False, description="Use the recipient's zone, where known.")
    task_expiry_days: int | None = strawberry.field(default=None, description="Days after which a task expires.")
    on_task_expiry: OnExpiry = strawberry.field(default=OnExpiry.WAIT, description="What an expired task does.")
    in_doubt_resends: int = strawberry.field(
        default=0,
        description="How often, 0 to 5, an email in doubt is sent again by itself. The person may then get it twice.",
    )


@strawberry.input(description="What to change of a campaign. What is left out stays.")
class CampaignChanges:
    """What updateCampaign takes."""

    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name.")
    sender_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Who writes.")
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Category; null removes it."
    )
    skip_weekends: bool | None = strawberry.field(default=strawberry.UNSET, description="Days count Monday to Friday.")
    remove_on_bounce: bool | None = strawberry.field(
        default=strawberry.UNSET, description="A bounce ends the campaign."
    )
    on_reply: OnReply | None = strawberry.field(default=strawberry.UNSET, description="What a reply does.")
    use_recipient_zone: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Use the recipient's zone."
    )
    task_expiry_days: int | None = strawberry.field(default=strawberry.UNSET, description="Days; null is never.")
    on_task_expiry: OnExpiry | None = strawberry.field(
        default=strawberry.UNSET, description="What an expired task does."
    )
    in_doubt_resends: int | None = strawberry.field(
        default=strawberry.UNSET, description="How often, 0 to 5, an email in doubt is sent again by itself."
    )


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


@strawberry.type(description="The campaign, or why not.")
class CampaignPayload:
    """Answer of the mutations on campaigns."""

    campaign: Campaign | None = strawberry.field(default=None, description="The campaign as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about in the campaign's steps as they are now, such as an email that goes out "
        "before one of an earlier step. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if self.campaign is None:
            return []
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.campaign.id)
        skip = self.campaign.skip_weekends
        return warning_lines(
            order_warnings.campaign_warnings(info.context.workspace_context, steps, skip_weekends=skip)
        )


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


def content_of(changes: Any) -> dict[str, Any]:
    """Return what the client gave. Raises Refusal where it gave null and a value is needed."""
    values = given(changes)
    for name in NOT_NULL & values.keys():
        if values[name] is None:
            if name == "config":
                values[name] = {}
                continue
            first, *rest = name.split("_")
            path = first + "".join(word.capitalize() for word in rest)
            raise Refusal("REQUIRED", f"{path} cannot be null. Leave it out to keep it.", (path,))
    return values


@strawberry.type
class AuthoringMutation:
    """Mutations on campaigns, days and steps."""

    @strawberry.mutation(description="Create a campaign without steps.")
    @payload_of(CampaignPayload)
    async def create_campaign(self, info: Request, input: CampaignInput) -> CampaignPayload:  # noqa: A002
        """Create a campaign."""
        row = await authoring.create_campaign(info.context.workspace_context, **content_of(input))
        return CampaignPayload(campaign=cast(Any, row))

    @strawberry.mutation(metadata=cost(3_000), description="Change a campaign's settings.")
    @payload_of(CampaignPayload)
    async def update_campaign(self, info: Request, id: strawberry.ID, input: CampaignChanges) -> CampaignPayload:  # noqa: A002
        """Change a campaign."""
        row = await authoring.update_campaign(info.context.workspace_context, id, **content_of(input))
        return CampaignPayload(campaign=cast(Any, row))

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

    @strawberry.mutation(metadata=cost(3_000), description="Move all steps of a day to another day.")
    @payload_of(CampaignPayload)
    async def move_day(self, info: Request, campaign_id: strawberry.ID, day: int, to: int) -> CampaignPayload:
        """Move a day."""
        return CampaignPayload(
            campaign=cast(Any, await authoring.move_day(info.context.workspace_context, campaign_id, day=day, to=to))
        )

    @strawberry.mutation(metadata=cost(3_000), description="Remove all steps of a day.")
    @payload_of(CampaignPayload)
    async def remove_day(self, info: Request, campaign_id: strawberry.ID, day: int) -> CampaignPayload:
        """Remove a day."""
        return CampaignPayload(
            campaign=cast(Any, await authoring.remove_day(info.context.workspace_context, campaign_id, day=day))
        )
