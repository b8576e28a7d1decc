"""The edit that a preview is asked for: the arguments of one mutation."""

from collections.abc import Awaitable
from typing import Any

import strawberry

from api.graphql.arguments.input_values import given_fields_not_null
from api.graphql.campaign_mutations import CampaignChanges
from api.graphql.engine.context import Request
from api.graphql.step_mutations import StepChanges, StepInput
from api.services.campaigns import drafts
from api.services.campaigns.drafts import Draft


@strawberry.input(description="The arguments of updateCampaign.")
class UpdateCampaignArguments:
    id: strawberry.ID = strawberry.field(description="The campaign.")
    input: CampaignChanges = strawberry.field(description="What would change.")


@strawberry.input(description="The arguments of addStep.")
class AddStepArguments:
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    input: StepInput = strawberry.field(description="The step that would be added.")


@strawberry.input(description="The arguments of changeStep.")
class ChangeStepArguments:
    id: strawberry.ID = strawberry.field(description="The step.")
    input: StepChanges = strawberry.field(description="What would change.")


@strawberry.input(description="The arguments of moveStep.")
class MoveStepArguments:
    id: strawberry.ID = strawberry.field(description="The step.")
    day: int = strawberry.field(description="1 is the first day.")
    position: int | None = strawberry.field(
        default=None, description="1 is first among the day's steps; left out, last."
    )


@strawberry.input(description="The arguments of removeStep.")
class RemoveStepArguments:
    id: strawberry.ID = strawberry.field(description="The step.")


@strawberry.input(description="The arguments of moveDay.")
class MoveDayArguments:
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    day: int = strawberry.field(description="The day whose steps would move.")
    to: int = strawberry.field(description="Where they would move to.")


@strawberry.input(description="The arguments of removeDay.")
class RemoveDayArguments:
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    day: int = strawberry.field(description="The day whose steps would be removed.")


@strawberry.input(description="One edit: the arguments of just one of the mutations that edit a campaign.")
class EditInput:
    update_campaign: UpdateCampaignArguments | None = strawberry.field(default=None, description="As updateCampaign.")
    add_step: AddStepArguments | None = strawberry.field(default=None, description="As addStep.")
    change_step: ChangeStepArguments | None = strawberry.field(default=None, description="As changeStep.")
    move_step: MoveStepArguments | None = strawberry.field(default=None, description="As moveStep.")
    remove_step: RemoveStepArguments | None = strawberry.field(default=None, description="As removeStep.")
    move_day: MoveDayArguments | None = strawberry.field(default=None, description="As moveDay.")
    remove_day: RemoveDayArguments | None = strawberry.field(default=None, description="As removeDay.")


def draft_of(info: Request, arguments: Any) -> Awaitable[Draft]:
    context = info.context.workspace_context
    match arguments:
        case UpdateCampaignArguments(id=key, input=changes):
            return drafts.settings(context, key, **given_fields_not_null(changes))
        case AddStepArguments(campaign_id=key, input=step):
            content = given_fields_not_null(step)
            return drafts.add_step(context, key, step_type=content.pop("type"), **content)
        case ChangeStepArguments(id=key, input=changes):
            return drafts.change_step(context, key, **given_fields_not_null(changes))
        case MoveStepArguments(id=key, day=day, position=position):
            return drafts.move_step(context, key, day=day, position=position)
        case RemoveStepArguments(id=key):
            return drafts.remove_step(context, key)
        case MoveDayArguments(campaign_id=key, day=day, to=to):
            return drafts.move_day(context, key, day=day, to=to)
        case RemoveDayArguments(campaign_id=key, day=day):
            return drafts.remove_day(context, key, day=day)
    raise AssertionError(arguments)
