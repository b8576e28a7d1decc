"""The enums of the tables, with the descriptions that GraphQL shows."""

from collections.abc import Mapping
from enum import Enum

import strawberry

from api.codes.events.actors import ACTOR_KINDS, ActorKind
from api.codes.events.event_kinds import EventKind
from api.roles import Role
from api.states import (
    BounceKind,
    CampaignStatus,
    EnrollmentStatus,
    ImportStatus,
    IncomingResult,
    LaunchStatus,
    MailboxState,
    MatchedBy,
    OnExpiry,
    OnKnown,
    OnReply,
    Priority,
    ReplyKind,
    SendStatus,
    SuppressionChangeKind,
    SuppressionSource,
    TaskDue,
    TaskStatus,
    Tracking,
    UnsubscribeReason,
)
from strategies import Reads, StepType

DESCRIPTIONS: dict[type[Enum], tuple[str, dict[str, str]]] = {
    StepType: (
        "What a step of a campaign is, and what a task is for.",
        {
            "EMAIL": "An email. Its send option says whether it is sent automatically or by a rep, from a task.",
            "CALL": "A phone call: always a task.",
            "INMAIL": "A message on LinkedIn: always a task.",
            "CUSTOM": "Any other work of a rep, such as a letter: always a task.",
        },
    ),
    Priority: (
        "How urgent a task is.",
        {"NORMAL": "Not urgent. This is the default.", "HIGH": "Urgent: reps should do it before the others."},
    ),
    OnReply: (
        "What happens to the campaign of a person who replies.",
        {
            "END": "It ends for them, as ENDED. This is the default.",
            "END_AS_SUCCESS": "It ends for them, as SUCCEEDED.",
            "CONTINUE": "The campaign continues as if they had not replied, unless they only ask for no more emails.",
        },
    ),
    Tracking: (
        "Whether a campaign tracks clicks and opens of its emails. docs/answers.md explains the costs of tracking.",
        {
            "OFF": "None. Links stay as they are. This is the default.",
            "CLICKS": "Clicks: links of the HTML part lead through the tracking server.",
            "OPENS_AND_CLICKS": "Clicks, and opens by an invisible image. Opens are unreliable, because mail programs "
            "block such images, and proxies load them without a person.",
        },
    ),
    Role: (
        "What a token may do. `touchline workspace NAME --role` gives it too.",
        {
            "READ_ONLY": "Read everything, follow events and export lists. It runs no mutation, and uploads nothing.",
            "REP": "Also everything that reps and marketers do: people, templates, campaigns, launches, tasks, emails.",
            "ADMIN": "Also what concerns the whole workspace or a person's consent: tokens, settings, the connection "
            "to a CRM, erasing people, resubscribing addresses, transactional templates.",
        },
    ),
    OnExpiry: (
        "What happens to the campaign of a person whose task expires.",
        {
            "WAIT": "It waits: later steps stay blocked until a rep completes or skips the task. This is the default.",
            "SKIP": "It continues with the steps that follow, as if the task were skipped.",
            "END": "The campaign ends early for that person.",
        },
    ),
    CampaignStatus: (
        "Whether a campaign is a draft, runs, is paused, or has ended.",
        {
            "DRAFT": "Nobody was ever launched into it.",
            "RUNNING": "It is active for at least one person.",
            "PAUSED": "It is paused: nothing is sent, and nobody can be launched, until `resumeCampaign`. A campaign "
            "can also be paused before its first launch and after its last person.",
            "ENDING": "`endCampaign` is still ending it for the people in it. Nothing is sent, and nobody can be "
            "launched.",
            "FINISHED": "People were launched, and nobody is active any more. It can be launched again.",
            "ARCHIVED": "It is archived: it cannot be launched or changed until it is taken out of the archive.",
        },
    ),
    EnrollmentStatus: (
        "Whether a campaign is active for a person, or how it ended.",
        {
            "ACTIVE": "The campaign runs for the person.",
            "FINISHED": "Every step was carried out.",
            "SUCCEEDED": "The person replied, and the campaign counts a reply as a success.",
            "ENDED": "It ended early, such as by a reply, a bounce or an unsubscribe; see `endReason`.",
        },
    ),
    BounceKind: (
        "What a bounce says about the address.",
        {
            "HARD": "The address is dead: no such user or host, or the recipient has moved.",
            "SOFT": "Only this email was not delivered, such as because the mailbox is full or the email is too large, "
            "blocked or given up after four days. The address may be good.",
        },
    ),
    ReplyKind: (
        "Who wrote a reply.",
        {
            "REPLY": "A person. The campaign's `onReply` decides whether it ends.",
            "AUTO_REPLY": "A program, such as an out-of-office notice. It changes nothing.",
        },
    ),
    MatchedBy: (
        "How an incoming mail or event was matched to an email.",
        {
            "MESSAGE_ID": "By an email's Message-ID in In-Reply-To, References, a bounce message or a report.",
            "RETURN_ADDRESS": "By the signed return address of the email (`TOUCHLINE_RETURN_PATH`).",
            "EMAIL_ID": "By the id of the email, in a tracking link or in the report of a provider.",
            "RECIPIENT": (
                "By the recipient's address alone, because exactly one email was sent to it in the last 14 days. This "
                "match may be wrong."
            ),
        },
    ),
    IncomingResult: (
        "What an incoming mail or event changed.",
        {
            "APPLIED": "It changed the email, or was added to the Live Feed.",
            "IGNORED": "It changed nothing; `reason` says why.",
            "UNMATCHED": "No email was found that it is about.",
            "FAILED": "Its processing failed several times and is not tried again automatically; `reason` says why.",
        },
    ),
    SendStatus: (
        "State of an email in the send ledger.",
        {
            "DRAFT": "A one-off email that a rep is still writing. Only `sendEmail` sends it.",
            "SCHEDULED": "Waits for its send time.",
            "CLAIMED": "A worker has taken it and prepares it. It can still be changed.",
            "TRANSMITTING": "It is being transmitted to the mail server. It can no longer be changed.",
            "DEFERRED": "The mail server asked to try again later. It waits for the next attempt.",
            "SENT": "The mail server accepted it.",
            "FAILED": "It was not sent and is not retried automatically. `reason` says why. `retrySend` retries it.",
            "BOUNCED": "The recipient's server rejected it, or returned it later; see `bounce`.",
            "IN_DOUBT": "Nobody can know whether it was accepted. A person decides by `resolveInDoubt`.",
        },
    ),
    TaskStatus: (
        "Whether a task is open, or how it ended.",
        {
            "OPEN": "A rep still has to do it.",
            "COMPLETED": "A rep completed it, or sent its email.",
            "SKIPPED": "A rep skipped it; the campaign continued.",
            "EXPIRED": "Nobody did it in the campaign's `taskExpiryDays`.",
            "CANCELLED": "Its step was removed, or the campaign ended for the person.",
        },
    ),
    TaskDue: (
        "Due-date filter, relative to today in the assignee's time zone.",
        {
            "TODAY": "The due date is today.",
            "TOMORROW": "The due date is the day after today.",
            "TODAY_AND_TOMORROW": "The due date is one of these two days.",
            "NEXT_SEVEN_DAYS": "The due date is today or one of the six days after it.",
            "OVERDUE": "The due date has passed, and the task is still OPEN.",
        },
    ),
    ImportStatus: (
        "State of a CSV import.",
        {
            "RUNNING": "Rows are still being imported.",
            "FINISHED": "Every row was imported, skipped or refused.",
            "FAILED": "It ended early after several failures; `problem` says why. People already imported stay.",
        },
    ),
    LaunchStatus: (
        "State of a background launch.",
        {
            "RUNNING": "People are still being enrolled.",
            "PAUSED": "It enrolls nobody until `resumeLaunch`.",
            "FINISHED": "Everyone was enrolled or left out.",
            "CANCELLED": "It was stopped by `cancelLaunch` or `endCampaign`. People already enrolled stay enrolled.",
            "FAILED": "It ended early after several failures; `problem` says why. People already enrolled stay "
            "enrolled.",
        },
    ),
    MailboxState: (
        "Whether a mailbox is being read.",
        {
            "STARTING": "A process is opening it.",
            "READING": "A process reads its new mails.",
            "WATCHING": "All its mails are read, and a process waits for more.",
            "FAILED": "It or one of its folders cannot be read; `problem` says why. The other folders are read, and "
            "Touchline tries again automatically.",
            "UNWATCHED": "No process reads it: none with its settings runs a tick loop, or one has just ended.",
        },
    ),
    SuppressionSource: (
        "Where the change of a suppression came from.",
        {
            "LINK": "The recipient pressed the button of the unsubscribe page, to which each email links.",
            "ONE_CLICK": "The recipient's mail program used one-click unsubscribing (RFC 8058).",
            "MAILTO": "The recipient sent an email to the signed unsubscribe address.",
            "COMPLAINT": "The recipient reported an email as spam.",
            "PROVIDER": "An email provider reported that the recipient unsubscribed there.",
            "UNDO": "The recipient undid the unsubscribe on the unsubscribe page.",
            "API": "A mutation: `unsubscribe`, `suppressAddress` or `resubscribe`.",
            "CSV": "A CSV file of suppressed addresses.",
            "CRM": "A lead or a contact with this address has opted out in the CRM.",
            "UPGRADE": "The person had unsubscribed before Touchline recorded addresses.",
        },
    ),
    SuppressionChangeKind: (
        "What changed for an address.",
        {
            "UNSUBSCRIBED": "Nothing is sent to the address from then on.",
            "RESUBSCRIBED": "Emails may be sent to the address again from then on.",
        },
    ),
    UnsubscribeReason: (
        "Why a recipient unsubscribed, as they chose on the unsubscribe page.",
        {
            "TOO_MANY": "They get too many emails.",
            "NOT_RELEVANT": "The emails are not relevant to them.",
            "NEVER_ASKED": "They did not ask for the emails.",
            "OTHER": "Another reason, which the comment may explain.",
        },
    ),
    Reads: (
        "Data of the person and the campaign that a send option reads.",
        {
            "PERSON": "The person: id, address, names, job title and company.",
            "RECIPIENT_ZONE": "The person's own time zone.",
            "FIELDS": "The person's dynamic fields.",
            "HISTORY": "How many emails of the workspace were sent, opened, clicked and answered, by hour of the week.",
            "CAMPAIGN": "The campaign's name and settings.",
        },
    ),
    ActorKind: ("Who does what an event of the Live Feed reports.", ACTOR_KINDS),
    EventKind: ("What happened, as the Live Feed reports it.", {kind.name: kind.description for kind in EventKind}),
    OnKnown: (
        "What an import does with a row whose address is in the workspace, or in an earlier row of the file.",
        {
            "UPDATE": "The row's values replace the person's; blank cells change nothing. This is the default.",
            "SKIP": "The person stays as they are; the row counts as skipped.",
        },
    ),
}
"""The description of each enum, and of each of its values."""


def describe(enum: type[Enum], description: str, values: Mapping[str, str], name: str | None = None) -> None:
    """Make an enum a GraphQL type, with the description of each of its values. ``name`` is its name in GraphQL."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]


for enum, (description, values) in DESCRIPTIONS.items():
    describe(enum, description, values)

__all__ = [
    "ActorKind",
    "BounceKind",
    "CampaignStatus",
    "EnrollmentStatus",
    "EventKind",
    "ImportStatus",
    "IncomingResult",
    "LaunchStatus",
    "MailboxState",
    "MatchedBy",
    "OnExpiry",
    "OnKnown",
    "OnReply",
    "Priority",
    "Reads",
    "ReplyKind",
    "SendStatus",
    "StepType",
    "SuppressionChangeKind",
    "SuppressionSource",
    "TaskDue",
    "TaskStatus",
    "Tracking",
    "UnsubscribeReason",
    "describe",
]
