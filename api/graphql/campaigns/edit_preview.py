"""Preview of an edit of a running campaign."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from api.codes.refusals.campaigns import CampaignCode
from api.graphql.campaigns.edit_preview_inputs import EditInput, draft_of
from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import MOVES, STEPS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.editing.edit_tally import StepEdit
from strategies import Refusal


@strawberry.type(description="An old and a new send time, and how many emails share both.")
class EditMove:
    before: datetime | None = strawberry.field(description="When the emails are due now, UTC; null for new emails.")
    after: datetime | None = strawberry.field(
        description="When the emails would be sent, UTC; null for emails that would be withdrawn or cancelled."
    )
    emails: int = strawberry.field(description="Number of emails with these two times.")


@strawberry.type(description="What an edit would do to the emails and tasks of one step.")
class EditStepPreview:
    id: strawberry.ID | None = strawberry.field(
        description="Identifier of the step, such as `stp_…`; null for a step that would be added."
    )
    step: int = strawberry.field(description="Step number after the edit; for a removed step, its current number.")
    name: str = strawberry.field(description="Name of the step for reps. Empty if it has none.")
    added: bool = strawberry.field(description="Whether the edit would add this step.")
    removed: bool = strawberry.field(description="Whether the edit would remove this step.")
    moves: list[EditMove] = strawberry.field(
        metadata=cost(size=MOVES, plain_at=5),
        description="Distinct pairs of old and new send time with their numbers of emails, the earliest "
        "first. Up to 100 pairs.",
    )
    more_moves: int = strawberry.field(description="Number of further pairs that are not in `moves`.")
    moving: int = strawberry.field(description="Number of scheduled emails that would get another time.")
    staying: int = strawberry.field(description="Number of scheduled emails that would keep their time.")
    scheduled: int = strawberry.field(description="Number of emails that would be newly scheduled.")
    withdrawn: int = strawberry.field(
        description="Number of emails that would be withdrawn, until a task is done or for good."
    )
    cancelled: int = strawberry.field(description="Number of emails that would fail because their step is removed.")
    at_once: int = strawberry.field(
        description="Moved or new emails that would be sent immediately because their time has passed."
    )
    in_hand: int = strawberry.field(
        description="Emails in doubt or being transmitted. They are not changed, unless transmission fails."
    )
    settled: int = strawberry.field(description="Number of emails that are sent or have failed. They never change.")
    passed: int = strawberry.field(description="Number of people who are past the step's place and would not get it.")
    tasks_moving: int = strawberry.field(description="Number of open tasks that would get another due date.")
    tasks_staying: int = strawberry.field(description="Number of open tasks that would keep their due date.")
    tasks_created: int = strawberry.field(description="Number of tasks that would be newly created.")
    tasks_withdrawn: int = strawberry.field(
        description="Number of open tasks that would be withdrawn, for now or for good."
    )
    tasks_cancelled: int = strawberry.field(
        description="Number of open tasks that would be cancelled because their step is removed."
    )
    tasks_done: int = strawberry.field(
        description="Number of tasks that are completed, skipped or expired. They never change."
    )


@strawberry.type(description="Effect that an edit of a running campaign would have now. Nothing is written.")
class EditPreview:
    at: datetime = strawberry.field(description="When this preview was calculated. UTC.")
    exact: bool = strawberry.field(
        description="Whether the preview covers everyone. It is false if more than 2,000 different combinations of "
        "times occur in the campaign. Then the numbers are those of `calculatedPeople`, and a warning says so."
    )
    people: int = strawberry.field(description="Number of people for whom the campaign is active.")
    calculated_people: int = strawberry.field(
        description="Number of people that the other numbers cover: `people` if `exact`, otherwise fewer. The most "
        "frequent combinations of times are covered first."
    )
    moving_people: int = strawberry.field(description="Number of people for whom an email or a task would change.")
    unresolved_people: int = strawberry.field(
        description="Number of people for whom no new times can be calculated. Their emails would keep their times."
    )
    steps: list[EditStepPreview] = strawberry.field(
        metadata=cost(size=STEPS, plain_at=5), description="Every step in order, removed ones last."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS), description="What to consider before making the edit."
    )


@strawberry.type
class EditPreviewQuery:
    @strawberry.field(
        metadata=cost(10_000, queries=True),
        description="What an edit of a running campaign would do now, by step: how many emails and tasks "
        "would move, with old and new times, and how many would stay. Nothing is written.",
    )
    async def edit_preview(
        self,
        info: Request,
        edit: Annotated[
            EditInput,
            strawberry.argument(
                description="The edit: the arguments of exactly one of the mutations that edit a campaign."
            ),
        ],
    ) -> EditPreview:
        return await preview(info, edit)


async def preview(info: Request, edit: EditInput) -> EditPreview:
    """Calculate the effect of an edit. Raises Refusal as the mutation does, with the mutation's name in its path."""
    given = {name: value for name, value in vars(edit).items() if value is not None}
    if len(given) != 1:
        raise Refusal.of(CampaignCode.EDIT_AMBIGUOUS, ("edit",), count=len(given))
    ((name, arguments),) = given.items()
    try:
        found = await edit_preview(info.context.workspace_context, await draft_of(info, arguments))
    except Refusal as refusal:
        raise refusal.under(to_camel_case(name)) from None
    return EditPreview(
        at=found.at,
        exact=found.exact,
        people=found.people,
        calculated_people=found.calculated_people,
        moving_people=found.moving_people,
        unresolved_people=found.unresolved_people,
        steps=[_step(step) for step in found.steps],
        warnings=warning_lines(found.warnings),
    )


def _step(step: StepEdit) -> EditStepPreview:
    names = [field.python_name for field in get_object_definition(EditStepPreview, strict=True).fields]
    return EditStepPreview(**{name: getattr(step, name) for name in names} | ({"id": None} if step.added else {}))
