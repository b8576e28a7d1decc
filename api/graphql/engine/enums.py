"""The enums of the tables, described for GraphQL."""

from enum import Enum, StrEnum

import strawberry

from api.codes.event_kinds import EventKind
from api.states import (
    BounceKind,
    EnrollmentStatus,
    ImportStatus,
    LaunchStatus,
    OnExpiry,
    OnKnown,
    OnReply,
    Priority,
    SendStatus,
    SuppressionChangeKind,
    SuppressionSource,
    TaskDue,
    TaskStatus,
)
from strategies import StepType

DESCRIPTIONS: dict[type[Enum], str] = {
    StepType: "What a step is made of. All but EMAIL are always tasks.",
    Priority: "How urgent a task is.",
    OnReply: "What a reply does: END, END_AS_SUCCESS or CONTINUE the campaign for the person.",
    OnExpiry: "What an expired task does: keep WAITing, SKIP the step, or END the campaign for the person.",
    EnrollmentStatus: "ACTIVE, FINISHED (every step came to its end), SUCCEEDED (by a reply) or ENDED.",
    BounceKind: "HARD: the address is dead (no such user or host, or the recipient has moved). SOFT: this email was "
    "not delivered (mailbox full, blocked, spam, policy, too large, given up after four days), and the address may be "
    "good.",
    EventKind: "What an event of the Live Feed says has happened.",
    SendStatus: "Where an email stands in the send ledger.",
    TaskStatus: "What became of a task.",
    TaskDue: "When a task is due, seen from its assignee's present day.",
    ImportStatus: "Where a CSV import stands.",
    LaunchStatus: "Where a launch in the background stands.",
    SuppressionSource: "What suppressed an address, or let it be written to again.",
    SuppressionChangeKind: "What changed for an address.",
    OnKnown: "What an import does with a row whose address is in the workspace, or in an earlier row of the file.",
}
VALUES: dict[type[StrEnum], dict[str, str]] = {
    EventKind: {kind.name: kind.description for kind in EventKind},
    SuppressionSource: {
        "LINK": "The recipient followed the unsubscribe link of an email.",
        "API": "A mutation: `unsubscribe`, `suppressAddress` or `resubscribe`.",
        "CSV": "A CSV file of suppressed addresses.",
        "UPGRADE": "The person had unsubscribed before Touchline recorded addresses.",
    },
    SuppressionChangeKind: {
        "UNSUBSCRIBED": "Nothing is sent to the address from then on.",
        "RESUBSCRIBED": "The address may be written to again from then on.",
    },
    OnKnown: {
        "UPDATE": "The row's values replace the person's; blank cells change nothing.",
        "SKIP": "The person stays as they are; the row counts as skipped.",
    },
}

for kind, description in DESCRIPTIONS.items():
    strawberry.enum(kind, description=description)
for described, texts in VALUES.items():
    for value in described.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = texts[value.name]

__all__ = [
    "BounceKind",
    "EnrollmentStatus",
    "EventKind",
    "ImportStatus",
    "LaunchStatus",
    "OnExpiry",
    "OnKnown",
    "OnReply",
    "Priority",
    "SendStatus",
    "StepType",
    "SuppressionChangeKind",
    "SuppressionSource",
    "TaskDue",
    "TaskStatus",
]
