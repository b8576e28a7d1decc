"""Preview of an edit of a running campaign."""

from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.graphql.edit_preview_inputs import EditInput, draft_of
from api.graphql.engine.context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import MOVES, STEPS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.editing import edit_preview
from strategies import Refusal


@strawberry.type(description="An old and a new time, and how many emails have just these.")
class EditMove:
    before: datetime | None = strawberry.field(description="When they are due; null for new emails. UTC.")
    after: datetime | None = strawberry.field(description="When they would go out; null for those taken away. UTC.")
    emails: int = strawberry.field(description="How many emails.")


@strawberry.type(description="What an edit would do to the emails and tasks of one step.")
class EditStepPreview:
    id: strawberry.ID | None = strawberry.field(description="The step; null for one that would be added.")
    step: int = strawberry.field(description="Number that it would have; of a removed one, that it has.")
    name: str = strawberry.field(description="Name for reps.")
    added: bool = strawberry.field(description="Whether the edit adds it.")
    removed: bool = strawberry.field(description="Whether the edit removes it.")
    moves: list[EditMove] = strawberry.field(
        metadata=cost(size=MOVES, plain_at=5),
        description="The distinct pairs of old and new time with their counts, the earliest first: up to 100.",
    )
    more_moves: int = strawberry.field(description="How many further pairs there are.")
    moving: int = strawberry.field(description="Emails that would get another time.")
    staying: int = strawberry.field(description="Emails that wait and would keep their time.")
    scheduled: int = strawberry.field(description="Emails that would be scheduled anew.")
    withdrawn: int = strawberry.field(description="Emails that would be taken away until a task is done, or for good.")
    cancelled: int = strawberry.field(description="Emails that would fail, since their step is removed.")
    at_once: int = strawberry.field(description="Of those that move or are new: whose time has passed already.")
    in_hand: int = strawberry.field(
        description="Emails in doubt, or being handed over: left as they are, but for one that comes back unsent."
    )
    settled: int = strawberry.field(description="Emails that are sent, or have failed: they never change.")
    passed: int = strawberry.field(description="People who have passed its place, and would not get it.")
    tasks_moving: int = strawberry.field(description="Open tasks that would get another due date.")
    tasks_staying: int = strawberry.field(description="Open tasks that would keep theirs.")
    tasks_created: int = strawberry.field(description="Tasks that would be created.")
    tasks_withdrawn: int = strawberry.field(description="Open tasks that would be taken away, for now or for good.")
    tasks_cancelled: int = strawberry.field(description="Open tasks that would be cancelled: their step is removed.")
    tasks_done: int = strawberry.field(description="Tasks that are done: they never change.")


@strawberry.type(description="What an edit of a running campaign would do at this moment. Nothing is written.")
class EditPreview:
    at: datetime = strawberry.field(description="The moment for which this is true. UTC.")
    people: int = strawberry.field(description="People who are in the campaign.")
    moving_people: int = strawberry.field(description="People for whom an email or a task would change.")
    unresolved_people: int = strawberry.field(
        description="People whose emails cannot be resolved again, and would keep their times."
    )
    steps: list[EditStepPreview] = strawberry.field(
        metadata=cost(size=STEPS, plain_at=5), description="Every step, in order; removed ones behind them."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS), description="What to think about before doing it."
    )


@strawberry.type
class EditPreviewQuery:
    @strawberry.field(
        metadata=cost(10_000, queries=True),
        description="What an edit of a running campaign would do at this moment, by step: how many emails and tasks "
        "move from when to when, and what stays. Give what the mutation would be given. Nothing is written.",
    )
    async def edit_preview(self, info: Request, edit: EditInput) -> EditPreview:
        return await preview(info, edit)


async def preview(info: Request, edit: EditInput) -> EditPreview:
    """Resolve what the edit would do. Raises Refusal as the mutation would, its path inside the mutation's name."""
    given = {name: value for name, value in vars(edit).items() if value is not None}
    if len(given) != 1:
        told = f"Give the arguments of just one mutation; these are {len(given)}."
        raise Refusal("EDIT_AMBIGUOUS", told, ("edit",))
    ((name, arguments),) = given.items()
    try:
        found = await edit_preview.edit_preview(info.context.workspace_context, await draft_of(info, arguments))
    except Refusal as refusal:
        raise refusal.under(to_camel_case(name)) from None
    return EditPreview(
        at=found.at,
        people=found.people,
        moving_people=found.moving_people,
        unresolved_people=found.unresolved_people,
        steps=[_step(step) for step in found.steps],
        warnings=warning_lines(found.warnings),
    )


def _step(step: edit_preview.StepEdit) -> EditStepPreview:
    names = [field.python_name for field in cast(Any, EditStepPreview).__strawberry_definition__.fields]
    return EditStepPreview(**{name: getattr(step, name) for name in names} | ({"id": None} if step.added else {}))
