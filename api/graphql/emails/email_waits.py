"""When an unsent email can be sent, and why it waits: fields of Email."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from api.codes.reasons.outcome_reasons import ReasonCode
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.enrollments.explanations import ExplanationLine, explain
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ALLOWED_TIMES, EXPLANATION
from api.services.workspaces import sender_waits
from api.services.workspaces.sender_waits import ReachedLimit
from api.states import UNTRANSMITTED_STATUSES, SendStatus

OF_ALLOWED_TIMES = frozenset({ReasonCode.OUTSIDE_ALLOWED_TIMES, ReasonCode.NO_ALLOWED_TIME})
"""Reasons of emails that wait for a time that their send option allows."""


@strawberry.type(description="A range of time in which a send option lets an email be sent.")
class AllowedTime:
    from_: datetime = strawberry.field(
        name="from", description="Start of the range, UTC. It belongs to the range. Show it in `zone`."
    )
    until: datetime = strawberry.field(description="End of the range, UTC. It does not belong to the range.")
    zone: str = strawberry.field(
        description="IANA time zone in which the email was planned, such as `Europe/Berlin`: 07:00 UTC in March is "
        "8:00 there."
    )


@strawberry.enum(description="Why an email is not sent at its planned time.")
class WaitKind(Enum):
    PAUSE = strawberry.enum_value("PAUSE", description="Its campaign is paused, or a resume is still being applied.")
    CHANGE = strawberry.enum_value(
        "CHANGE", description="An edit, or a change of the person, is still being applied. It takes seconds."
    )
    SEND_OPTION = strawberry.enum_value(
        "SEND_OPTION",
        description="A send option failed when the email was planned again. The server asks it again; see "
        "`Campaign.waitingPeople`.",
    )
    ALLOWED_TIME = strawberry.enum_value(
        "ALLOWED_TIME",
        description="It waits for the next range of `allowedTimes`, or until the send option allows a time again.",
    )
    RETRY = strawberry.enum_value(
        "RETRY",
        description=(
            "It waits for the next attempt, because of its account, its sender's limit or the recipient's mail "
            "server. `reason` says which: `THROTTLED` for a limit, see `Sender.reachedLimit`, or the code of an error."
        ),
    )


@strawberry.type(description="Why an email waits, and until when.")
class EmailWait:
    kind: WaitKind = strawberry.field(description="What keeps the email from being sent now, such as a pause.")
    reason: str | None = strawberry.field(
        description="Code of the cause, such as `OUTSIDE_ALLOWED_TIMES` or `SEND_OPTION_PAUSED`; null if `kind` is "
        "the whole reason. docs/errors.md lists the codes."
    )
    until: datetime | None = strawberry.field(
        description="Until when the email waits, UTC, such as the start of the next range; null if it is not known. "
        "After a limit of the sender, earlier emails of the sender go first."
    )


@strawberry.type
class WaitFields:
    """The fields of Email about its waiting."""

    id: strawberry.Private[Any]
    status: strawberry.Private[SendStatus]
    due_at: strawberry.Private[datetime]
    planned_at: strawberry.Private[datetime]
    attempts: strawberry.Private[int]
    by_hand: strawberry.Private[bool]
    held: strawberry.Private[bool]
    reason: strawberry.Private[str | None]
    zone: strawberry.Private[str]
    sender_id: strawberry.Private[str]
    step_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    allowed_times_id: strawberry.Private[str | None]
    explanation: strawberry.Private[Any]

    @strawberry.field(
        name="explanation",
        metadata=cost(30, size=EXPLANATION),
        description="How the send time was calculated, step by step, starting from the base day. A limit of the "
        "sender that makes the email wait, or has made it wait, is the last step.",
    )
    async def explanation_lines(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        reached = await _reached_limit(self, info)
        return explain(info, self.explanation, language, *(reached.notes(self.zone) if reached is not None else ()))

    @strawberry.field(
        metadata=cost(size=ALLOWED_TIMES),
        description="The ranges of time in which the send option lets the email be sent, in their order, up "
        "to 400. Outside of them it waits for the next one. Null if it can be sent at any time, as with all send "
        "options of Touchline, and if it is sent. Empty if the option allows no time.",
    )
    async def allowed_times(self, info: Request) -> list[AllowedTime] | None:
        if self.allowed_times_id is None or self.status not in UNTRANSMITTED_STATUSES:
            return None
        ranges = await info.context.loaders.allowed_times.load(self.allowed_times_id)
        return [AllowedTime(from_=each.start, until=each.end, zone=self.zone) for each in ranges]

    @strawberry.field(
        metadata=cost(20),
        description="Why the email waits; null if it is sent at `dueAt` as planned, or will not be sent.",
    )
    async def wait(self, info: Request) -> EmailWait | None:
        if self.status not in UNTRANSMITTED_STATUSES:
            return None
        loaders = info.context.loaders
        if self.enrollment_id is not None and self.step_id is not None:
            enrollment = await loaders.enrollment.load(self.enrollment_id)
            planned = not self.attempts and not self.by_hand and self.due_at == self.planned_at
            if enrollment.waits_from is not None and enrollment.ended_at is None and planned:
                step = await loaders.step.load(self.step_id)
                if step.number >= enrollment.waits_from:
                    return EmailWait(kind=WaitKind.SEND_OPTION, reason=enrollment.waits_for, until=None)
            if self.held:
                campaign = await loaders.campaign.load(enrollment.campaign_id)
                paused = campaign.paused_at is not None or campaign.holds is not None
                return EmailWait(kind=WaitKind.PAUSE if paused else WaitKind.CHANGE, reason=None, until=None)
        pause = await info.context.account_pauses.load(self.sender_id)
        if pause is not None and self.due_at < pause.until:
            return EmailWait(kind=WaitKind.RETRY, reason=pause.code, until=pause.until)
        if (reached := await _reached_limit(self, info)) is not None:
            return EmailWait(kind=WaitKind.RETRY, reason=ReasonCode.THROTTLED, until=reached.until)
        if self.reason is None:
            return None
        kind = WaitKind.ALLOWED_TIME if self.reason in OF_ALLOWED_TIMES else WaitKind.RETRY
        return EmailWait(kind=kind, reason=self.reason, until=self.due_at)


async def _reached_limit(row: Any, info: Request) -> ReachedLimit | None:
    """Return the limit of the sender for which an email waits; None if it does not wait for one."""
    if row.status not in UNTRANSMITTED_STATUSES:
        return None
    sender = await info.context.loaders.sender.load(row.sender_id)
    reached = sender_waits.reached_limit(info.context.workspace_context, sender)
    return reached if reached is not None and row.due_at < reached.until else None
