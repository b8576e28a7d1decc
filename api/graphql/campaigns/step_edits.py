"""Several edits of a campaign's steps as one."""

from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.graphql.arguments.given_fields import given_fields_not_null
from api.graphql.arguments.ids import CampaignId
from api.graphql.arguments.versions import IfVersion
from api.graphql.campaigns.campaign_mutations import CampaignPayload
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.campaigns.step_mutations import StepChanges, StepInput
from api.graphql.campaigns.steps import Step
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS
from api.services.campaigns import campaigns, step_edits
from strategies import Refusal

STEP_NAME = "Identifier of the step, such as `stp_…`, or the `key` of a step that an earlier edit of the list adds."


@strawberry.input(description="A new step, in a list of edits that are made together.")
class AddStepEdit:
    input: StepInput = strawberry.field(description="Content and place of the new step.")
    key: str | None = strawberry.field(
        default=None,
        description="Name of the step in this list, such as `intro`, by which later edits and the answer refer to it. "
        "Up to 40 characters.",
    )


@strawberry.input(description="Changed content of a step, in a list of edits that are made together.")
class ChangeStepEdit:
    id: strawberry.ID = strawberry.field(description=STEP_NAME)
    input: StepChanges = strawberry.field(description="The content to change. Omitted fields do not change.")


@strawberry.input(description="A new place of a step, in a list of edits that are made together.")
class MoveStepEdit:
    id: strawberry.ID = strawberry.field(description=STEP_NAME)
    day: int = strawberry.field(description="The day that the step moves to, 1 to 365.")
    position: int | None = strawberry.field(
        default=None,
        description="Position among the other steps of that day, counted from 1. If left out, the step comes last.",
    )


@strawberry.input(description="The removal of a step, in a list of edits that are made together.")
class RemoveStepEdit:
    id: strawberry.ID = strawberry.field(description=STEP_NAME)


@strawberry.input(description="A day whose steps move to another day, in a list of edits that are made together.")
class MoveDayEdit:
    day: int = strawberry.field(description="The day whose steps move, counted from 1.")
    to: int = strawberry.field(description="The day that they move to, 1 to 365.")


@strawberry.input(description="The removal of all steps of a day, in a list of edits that are made together.")
class RemoveDayEdit:
    day: int = strawberry.field(description="The day whose steps are removed, counted from 1.")


@strawberry.input(
    one_of=True, description="One edit in a list of edits that are made together. Give exactly one of these fields."
)
class StepEdit:
    add: AddStepEdit | None = strawberry.field(
        default=strawberry.UNSET, description="A new step, with its content and its place."
    )
    change: ChangeStepEdit | None = strawberry.field(
        default=strawberry.UNSET, description="Changed content, such as another template or send option."
    )
    move: MoveStepEdit | None = strawberry.field(
        default=strawberry.UNSET, description="A new day and position for an existing or added step."
    )
    remove: RemoveStepEdit | None = strawberry.field(
        default=strawberry.UNSET, description="A step to take out of the campaign."
    )
    move_day: MoveDayEdit | None = strawberry.field(
        default=strawberry.UNSET, description="All steps of one day move to another day, after the steps there."
    )
    remove_day: RemoveDayEdit | None = strawberry.field(
        default=strawberry.UNSET, description="The day whose steps are removed."
    )


Edits = Annotated[
    list[StepEdit],
    strawberry.argument(
        description="The edits, in the order in which they are carried out. Only the steps after the last edit must "
        "be valid. The path of an error begins with the edit, such as "
        '`["edits", "2", "change", "html"]`.'
    ),
]


@strawberry.type(description="A step that a list of edits has added.")
class AddedStep:
    key: str | None = strawberry.field(description="The `key` that its edit gave it; null if it gave none.")
    step: Step = strawberry.field(description="The new step, with its number in the final order.")


@strawberry.type(description="Result of editSteps: the campaign and the added steps, or errors.")
class EditStepsPayload(CampaignPayload):
    added: list[AddedStep] = strawberry.field(
        metadata=cost(size=STEPS),
        default_factory=list,
        description="The added steps, in the order of their edits. Empty if there are errors.",
    )


@strawberry.type
class StepEditMutation:
    @mutation(
        metadata=cost(5_000),
        description="Carry out several edits of a campaign's steps as one: all of them, or none. In a running "
        "campaign, unsent emails follow all edits together; `editPreview` shows the effect first.",
    )
    async def edit_steps(
        self, info: Request, campaign_id: CampaignId, edits: Edits, if_version: IfVersion = None
    ) -> EditStepsPayload:
        given = service_edits(edits)
        row, added = await campaigns.edit_steps(info.context.workspace_context, campaign_id, given, if_version)
        steps = [AddedStep(key=key, step=from_row(Step, step)) for key, step in added]
        return EditStepsPayload(campaign=from_row(Campaign, row), added=steps)


def service_edits(edits: list[StepEdit]) -> list[tuple[str, step_edits.StepEdit]]:
    """Return edits as the service takes them, each with the name of its field."""
    return [_service_edit(edit) for edit in edits]


def _service_edit(edit: StepEdit) -> tuple[str, step_edits.StepEdit]:
    ((name, given),) = ((name, value) for name, value in vars(edit).items() if value is not strawberry.UNSET)
    argument = to_camel_case(name)
    try:
        return argument, _of(given)
    except Refusal as refusal:
        named = getattr(given, "id", None) or getattr(given, "key", None)
        return argument, step_edits.WrongEdit(refusal, frozenset([] if named is None else [str(named)]))


def _of(given: Any) -> step_edits.StepEdit:
    match given:
        case AddStepEdit(input=step, key=key):
            content = given_fields_not_null(step)
            place = {"day": content.pop("day"), "position": content.pop("position")}
            return step_edits.AddStep(step_type=content.pop("type"), content=content, key=key, **place)
        case ChangeStepEdit(id=name, input=changes):
            return step_edits.ChangeStep(name, given_fields_not_null(changes))
        case MoveStepEdit(id=name, day=day, position=position):
            return step_edits.MoveStep(name, day, position)
        case RemoveStepEdit(id=name):
            return step_edits.RemoveStep(name)
        case MoveDayEdit(day=day, to=to):
            return step_edits.MoveDay(day, to)
        case RemoveDayEdit(day=day):
            return step_edits.RemoveDay(day)
    raise AssertionError(given)
