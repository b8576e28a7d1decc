"""Arguments and input objects of the mutations on tasks."""

from datetime import date
from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import Priority, StepType

Until = Annotated[
    date,
    strawberry.argument(
        description="The new due date, today or later, such as `2026-03-05`: in the enrollment's time zone, or in the "
        "assignee's if the task was created by hand."
    ),
]
Outcome = Annotated[
    str | None,
    strawberry.argument(
        description="How the call ended: a name from `workspace.callOutcomes`, such as `Left voicemail`. Only for CALL "
        "tasks. If left out, none is recorded."
    ),
]
Reason = Annotated[
    str | None,
    strawberry.argument(
        description="Why the rep called: one of `workspace.callReasons`, such as `Follow-up`. Only for CALL tasks. If "
        "left out, none is recorded."
    ),
]
Note = Annotated[
    str | None, strawberry.argument(description="What the rep notes about the task, as plain text. If left out, none.")
]


@strawberry.input(description="A task that is created by hand.")
class CreateTaskInput:
    person_id: strawberry.ID = strawberry.field(description="`id` of the person whom the task is about.")
    assignee_id: strawberry.ID = strawberry.field(description="`id` of the sender who has to do the task.")
    type: StepType = strawberry.field(description="What the assignee does, such as a call.")
    name: str = strawberry.field(
        description="What the rep has to do, such as `Call about the offer`: one line of up to 300 characters."
    )
    due_date: date = strawberry.field(
        description="Date on which the task is due, in the assignee's time zone: today or later, such as `2026-03-05`."
    )
    priority: Priority = strawberry.field(default=Priority.NORMAL, description="How urgent the task is.")
    details: str = strawberry.field(default="", description="Notes for the rep, as plain text.")
    email_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`id` of the email that the task is about, written to the same person. If left out, none.",
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`id` of a template for the draft of an EMAIL task: it is rendered once, for this person. If left "
        "out, the email begins with the sender's signature only.",
    )


@strawberry.input(description="Fields of a task to change. A field that is left out keeps its value.")
class TaskChanges:
    person_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="`id` of the person whom the task is about. Only for tasks created by hand.",
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="`id` of the sender who has to do the task."
    )
    type: StepType | None = strawberry.field(
        default=strawberry.UNSET, description="What the assignee does, such as a call. Only for tasks created by hand."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the rep has to do: one line of up to 300 characters. Only for tasks created by hand.",
    )
    due_date: date | None = strawberry.field(
        default=strawberry.UNSET,
        description="Date on which the task is due, today or later, such as `2026-03-05`: in the enrollment's time "
        "zone, or in the assignee's if the task was created by hand.",
    )
    priority: Priority | None = strawberry.field(
        default=strawberry.UNSET, description="How urgent the task is. Only for tasks created by hand."
    )
    details: str | None = strawberry.field(
        default=strawberry.UNSET, description="Notes for the rep, as plain text. Only for tasks created by hand."
    )
