"""Mutations on steps."""

from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.given_fields import given_fields_not_null
from api.graphql.arguments.ids import CampaignId, StepId
from api.graphql.arguments.versions import IfVersion
from api.graphql.campaigns.campaign_mutations import CampaignPayload
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.campaigns.steps import Step
from api.graphql.engine.enums.table_enums import Priority, StepType
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import campaign_warnings, campaigns
from api.services.campaigns.option_problems import option_problems
from api.services.templates import template_warnings


@strawberry.input(description="The content of a new step, and its place in the campaign.")
class StepInput:
    day: int = strawberry.field(description="Day of the step, 1 to 365. Day 3 is the third day, not three days later.")
    type: StepType = strawberry.field(description="What the step is: an email, or a call, InMail or custom task.")
    position: int | None = strawberry.field(
        default=None,
        description="Position among the steps of the day, counted from 1. If left out, the step comes last on its day.",
    )
    name: str = strawberry.field(
        default="", description="Name of the step for reps, such as `First call`. One line of up to 200 characters."
    )
    send_option: str | None = strawberry.field(
        default=None,
        description="Key of a send option, such as `at_time`, required for an email step. `sendOptions` "
        "lists those on offer.",
    )
    config: JSON | None = strawberry.field(
        default=None, description='Configuration of the send option, such as `{"at": "09:30"}`, by its `configSchema`.'
    )
    follow_up: bool = strawberry.field(
        default=False, description="Whether to send the email as a reply to the previous step's email and quote it."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Identifier of the template from which an email step is rendered, such as `tpl_…`. Leave it out if "
        "you give `html`.",
    )
    subject: str | None = strawberry.field(
        default=None,
        description="Subject of this step, used instead of the template's. One line; may contain dynamic fields.",
    )
    html: str | None = strawberry.field(
        default=None,
        description="HTML part of an email that is written in the step and has no template. Like a template's, it may "
        "contain dynamic fields and field prompts, and it is saved as it is.",
    )
    text: str | None = strawberry.field(
        default=None,
        description="Text part for `html`, with dynamic fields; if left out, it is made from each email's HTML.",
    )
    notes: str = strawberry.field(
        default="", description="Notes for the person who does the task, such as a talk track for a call."
    )
    priority: Priority = strawberry.field(
        default=Priority.NORMAL, description="Priority of the task that the step creates."
    )


@strawberry.input(description="Content of a step to change. A field that is left out keeps its value.")
class StepChanges:
    type: StepType | None = strawberry.field(
        default=strawberry.UNSET,
        description="New type. After the first launch, an email stays an email, and a call, InMail or custom task "
        "stays one of these. A step that becomes a task loses what only emails have; one that becomes an email needs a "
        "`sendOption` and content.",
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="New name for reps, one line of up to 200 characters."
    )
    send_option: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Key of another send option, such as `at_time`. Give its `config` as well.",
    )
    config: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description='New configuration of the send option, such as `{"at": "09:30"}`; null is an empty object.',
    )
    follow_up: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether to send the email as a reply to the previous step's email and quote it.",
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Identifier of another template, such as `tpl_…`. It replaces the step's own content.",
    )
    subject: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New subject of this step; null uses the template's again. If left out, own content that "
        "replaces a template keeps the subject of the emails, and a template that replaces own content comes with its "
        "own.",
    )
    html: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New HTML part of an email that is written in the step. It replaces the step's template.",
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New text part for the step's own `html`; null: it is made from each email's HTML.",
    )
    notes: str | None = strawberry.field(
        default=strawberry.UNSET, description="New notes for the person who does the task."
    )
    priority: Priority | None = strawberry.field(
        default=strawberry.UNSET, description="New priority of the task that the step creates."
    )


@strawberry.type(description="Result of the mutations on steps: the step, or errors.")
class StepPayload(Payload):
    step: Step | None = strawberry.field(
        default=None, description="The step after the change; null if there are errors."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to check about this step in its place, such as an email that goes out before "
        "one of an earlier step, and what would be removed from its own HTML. Empty if there are errors.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.step is None:
            return []
        context, loaders, step = info.context.workspace_context, info.context.loaders, self.step
        steps: list[Any] = await loaders.steps_of_campaign.load(step.campaign_id)
        skip = (await loaders.campaign.load(step.campaign_id)).skip_weekends
        notes = await campaign_warnings.step_warnings(context, steps, step.number, skip_weekends=skip)
        notes += [note for note in await option_problems(context, steps) if note.values["step"] == step.number]
        if step.html is not None:
            notes += await template_warnings.html_removed(context.workspace_id, step.html)
        return warning_lines(notes)


@strawberry.type
class StepMutation:
    @mutation(metadata=cost(3_000), description="Add a step to a day. Refused if its send option is not offered there.")
    async def add_step(
        self,
        info: Request,
        campaign_id: CampaignId,
        input: Annotated[StepInput, strawberry.argument(description="Content and place of the new step.")],
        if_version: IfVersion = None,
    ) -> StepPayload:
        content = given_fields_not_null(input)
        content |= {"step_type": content.pop("type"), "if_version": if_version}
        row = await campaigns.add_step(info.context.workspace_context, campaign_id, **content)
        return StepPayload(step=from_row(Step, row))

    @mutation(
        metadata=cost(3_000), description="Change a step's content. Unsent emails follow the change; sent ones stay."
    )
    async def change_step(
        self,
        info: Request,
        id: StepId,
        input: Annotated[
            StepChanges, strawberry.argument(description="The content to change. Omitted fields do not change.")
        ],
        if_version: IfVersion = None,
    ) -> StepPayload:
        content = given_fields_not_null(input)
        row = await campaigns.change_step(info.context.workspace_context, id, if_version=if_version, **content)
        return StepPayload(step=from_row(Step, row))

    @mutation(metadata=cost(3_000), description="Move a step to a day and a position on it. Unsent emails follow.")
    async def move_step(
        self,
        info: Request,
        id: StepId,
        day: Annotated[int, strawberry.argument(description="The day that the step moves to, 1 to 365.")],
        position: Annotated[
            int | None,
            strawberry.argument(
                description="Position among the other steps of that day, counted from 1. If left out, the step "
                "comes last."
            ),
        ] = None,
        if_version: IfVersion = None,
    ) -> StepPayload:
        context = info.context.workspace_context
        row = await campaigns.move_step(context, id, day=day, position=position, if_version=if_version)
        return StepPayload(step=from_row(Step, row))

    @mutation(
        metadata=cost(3_000),
        description=(
            "Remove a step. It is cancelled for people who have not reached it, and stays in the record of those who "
            "have."
        ),
    )
    async def remove_step(self, info: Request, id: StepId, if_version: IfVersion = None) -> CampaignPayload:
        row = await campaigns.remove_step(info.context.workspace_context, id, if_version=if_version)
        return CampaignPayload(campaign=from_row(Campaign, row))
