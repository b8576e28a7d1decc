"""The edit to preview: the arguments of one mutation."""

from collections.abc import Awaitable
from typing import Any

import strawberry

from api.graphql.arguments.given_fields import given_fields_not_null
from api.graphql.campaigns.campaign_mutations import CampaignChanges
from api.graphql.campaigns.step_edits import StepEdit, service_edits
from api.graphql.campaigns.step_mutations import StepChanges, StepInput
from api.graphql.engine.graphql_context import Request
from api.services.campaigns import edit_drafts
from api.services.campaigns.draft import Draft


@strawberry.input(description="Settings of a campaign that the edit would change (`updateCampaign`).")
class UpdateCampaignArguments:
    id: strawberry.ID = strawberry.field(description="Identifier of the campaign, such as `cmp_…`.")
    input: CampaignChanges = strawberry.field(description="The settings that would change.")


@strawberry.input(description="A step that the edit would add, with its content and place (`addStep`).")
class AddStepArguments:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign, such as `cmp_…`.")
    input: StepInput = strawberry.field(description="Content and place of the step that would be added.")


@strawberry.input(description="Content of a step that the edit would change (`changeStep`).")
class ChangeStepArguments:
    id: strawberry.ID = strawberry.field(description="Identifier of the step, such as `stp_…`.")
    input: StepChanges = strawberry.field(description="The content that would change.")


@strawberry.input(description="The day and position to which a step would move (`moveStep`).")
class MoveStepArguments:
    id: strawberry.ID = strawberry.field(description="Identifier of the step, such as `stp_…`.")
    day: int = strawberry.field(description="The day that the step would move to, 1 to 365.")
    position: int | None = strawberry.field(
        default=None,
        description="Position among the other steps of that day, counted from 1. If left out, the step comes last.",
    )


@strawberry.input(description="A step that the edit would remove (`removeStep`).")
class RemoveStepArguments:
    id: strawberry.ID = strawberry.field(description="Identifier of the step, such as `stp_…`.")


@strawberry.input(description="A day whose steps would move to another day (`moveDay`).")
class MoveDayArguments:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign, such as `cmp_…`.")
    day: int = strawberry.field(description="The day whose steps would move, counted from 1.")
    to: int = strawberry.field(description="The day that they would move to, 1 to 365.")


@strawberry.input(description="A day whose steps would be removed (`removeDay`).")
class RemoveDayArguments:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign, such as `cmp_…`.")
    day: int = strawberry.field(description="The day whose steps would be removed, counted from 1.")


@strawberry.input(description="Several edits of a campaign's steps that would be made together (`editSteps`).")
class EditStepsArguments:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign, such as `cmp_…`.")
    edits: list[StepEdit] = strawberry.field(description="The edits that would be made together, in their order.")


@strawberry.input(
    description="One edit of a campaign. Give exactly one of these fields: the arguments of the mutation of that name."
)
class EditInput:
    update_campaign: UpdateCampaignArguments | None = strawberry.field(
        default=None, description="Preview changed settings (`updateCampaign`)."
    )
    add_step: AddStepArguments | None = strawberry.field(default=None, description="Preview a new step (`addStep`).")
    change_step: ChangeStepArguments | None = strawberry.field(
        default=None, description="Preview changed content of a step (`changeStep`)."
    )
    move_step: MoveStepArguments | None = strawberry.field(
        default=None, description="Preview a new place of a step (`moveStep`)."
    )
    remove_step: RemoveStepArguments | None = strawberry.field(
        default=None,
        description="Preview the removal of a step (`removeStep`).",
    )
    move_day: MoveDayArguments | None = strawberry.field(
        default=None,
        description="Preview moving all steps of a day to another day (`moveDay`).",
    )
    remove_day: RemoveDayArguments | None = strawberry.field(
        default=None, description="Preview the removal of all steps of a day (`removeDay`)."
    )
    edit_steps: EditStepsArguments | None = strawberry.field(
        default=None, description="Preview several edits that are made together (`editSteps`)."
    )


def draft_of(info: Request, arguments: Any) -> Awaitable[Draft]:
    context = info.context.workspace_context
    match arguments:
        case UpdateCampaignArguments(id=key, input=changes):
            return edit_drafts.settings(context, key, **given_fields_not_null(changes))
        case AddStepArguments(campaign_id=key, input=step):
            content = given_fields_not_null(step)
            return edit_drafts.add_step(context, key, step_type=content.pop("type"), **content)
        case ChangeStepArguments(id=key, input=changes):
            return edit_drafts.change_step(context, key, **given_fields_not_null(changes))
        case MoveStepArguments(id=key, day=day, position=position):
            return edit_drafts.move_step(context, key, day=day, position=position)
        case RemoveStepArguments(id=key):
            return edit_drafts.remove_step(context, key)
        case MoveDayArguments(campaign_id=key, day=day, to=to):
            return edit_drafts.move_day(context, key, day=day, to=to)
        case RemoveDayArguments(campaign_id=key, day=day):
            return edit_drafts.remove_day(context, key, day=day)
        case EditStepsArguments(campaign_id=key, edits=edits):
            return edit_drafts.several(context, key, service_edits(edits))
    raise AssertionError(arguments)
