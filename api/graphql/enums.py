"""The enums of the tables, described for GraphQL."""

import strawberry

from api.states import EnrollmentStatus, ImportStatus, LaunchStatus, OnExpiry, OnReply, Priority, SendStatus, TaskStatus
from api.store.tasks import TaskDue
from strategies import StepType

DESCRIPTIONS = {
    StepType: "What a step is made of. All but EMAIL are always tasks.",
    Priority: "How urgent a task is.",
    OnReply: "What a reply does: END, END_AS_SUCCESS or CONTINUE the campaign for the person.",
    OnExpiry: "What an expired task does: keep WAITing, SKIP the step, or END the campaign for the person.",
    EnrollmentStatus: "ACTIVE, FINISHED (every step came to its end), SUCCEEDED (by a reply) or ENDED.",
    SendStatus: "Where an email stands in the send ledger.",
    TaskStatus: "What became of a task.",
    TaskDue: "When a task is due, seen from its assignee's present day.",
    ImportStatus: "Where a CSV import stands.",
    LaunchStatus: "Where a launch in the background stands.",
}

for kind, description in DESCRIPTIONS.items():
    strawberry.enum(kind, description=description)

__all__ = [
    "EnrollmentStatus",
    "ImportStatus",
    "LaunchStatus",
    "OnExpiry",
    "OnReply",
    "Priority",
    "SendStatus",
    "StepType",
    "TaskDue",
    "TaskStatus",
]
