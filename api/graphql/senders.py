"""Senders: types, queries and mutations."""

from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.input_values import given_fields
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.services.workspaces import reading, senders


@strawberry.type(description="At most so many emails in any so many seconds.")
class Throttle:
    """Two columns of api.models.Sender."""

    emails: int = strawberry.field(description="How many emails.")
    seconds: int = strawberry.field(description="In any span of so many seconds, counted until the server's answers.")


@strawberry.type(description="A channel's account waits, because it was in trouble. It costs no email an attempt.")
class AccountPause:
    """A row of api.models.AccountPause."""

    until: datetime = strawberry.field(description="When it is tried again. UTC.")
    code: str = strawberry.field(description="What happened, for programs: such as `CONNECTION_FAILED`.")
    detail: str = strawberry.field(
        description="What happened, for people. Empty where other workspaces use the account as well: what a mail "
        "server says may name their recipients."
    )
    failures: int = strawberry.field(description="How often in a row; the wait doubles from 1 to 15 minutes.")


@strawberry.type(description="Who writes: name, address, zone, and the channel that carries the emails.")
class Sender:
    """A row of api.models.Sender."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name that recipients see.")
    email: str = strawberry.field(description="Address that recipients see and answer to.")
    zone: str = strawberry.field(description="IANA zone in which the sender's days and times are meant.")
    channel: str = strawberry.field(description="Key of the channel that carries the emails; see `channels`.")
    channel_config: JSON = strawberry.field(description="Configuration for that channel. It holds no secrets.")
    daily_cap: int | None = strawberry.field(description="Most emails in any 24 hours; null is no limit.")
    created_at: datetime = strawberry.field(description="When it was created.")
    throttle_emails: strawberry.Private[int | None]
    throttle_seconds: strawberry.Private[int | None]

    @strawberry.field(description="Most emails in a span of seconds, for all processes together; null is no limit.")
    def throttle(self) -> Throttle | None:
        """Two columns."""
        if self.throttle_emails is None or self.throttle_seconds is None:
            return None
        return Throttle(emails=self.throttle_emails, seconds=self.throttle_seconds)

    @strawberry.field(description="Why and until when the channel's account waits; null when it does not.")
    async def account_pause(self, info: Request) -> AccountPause | None:
        account = senders.account_of(info.context.workspace_context, cast(Any, self))
        pause = await info.context.loaders.account_pause.load(account) if account else None
        if account is None or pause is None or pause.until <= info.context.workspace_context.clock():
            return None
        detail = "" if await info.context.shared_accounts.load(account) else pause.detail
        return AccountPause(until=pause.until, code=pause.code, detail=detail, failures=pause.failures)


@strawberry.type
class SenderQuery:
    @strawberry.field(metadata=page_cost(), description="Senders.")
    async def senders(self, info: Request, first: First = 50, after: After = None) -> Connection[Sender]:
        return await connect(reading.senders(info.context.workspace_context), first, after)


@strawberry.input(description="At most so many emails in any so many seconds, such as 25 in 45.")
class ThrottleInput:
    emails: int = strawberry.field(description="1 to 100,000.")
    seconds: int = strawberry.field(description="1 to 86,400.")


@strawberry.input(description="A sender to create.")
class SenderInput:
    name: str = strawberry.field(description="Name that recipients see.")
    email: str = strawberry.field(description="Address.")
    zone: str = strawberry.field(description="IANA zone such as `Europe/Berlin`.")
    channel: str = strawberry.field(default="outbox", description="Key of the channel; see `channels`.")
    channel_config: JSON | None = strawberry.field(default=None, description="Configuration for the channel.")
    throttle: ThrottleInput | None = strawberry.field(default=None, description="Left out, there is no limit.")
    daily_cap: int | None = strawberry.field(default=None, description="Most emails in any 24 hours.")


@strawberry.input(description="What to change of a sender. What is left out stays.")
class SenderChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="Address.")
    zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="IANA zone, for what is launched from now on."
    )
    channel: str | None = strawberry.field(default=strawberry.UNSET, description="Key of the channel.")
    channel_config: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Configuration for the channel."
    )
    throttle: ThrottleInput | None = strawberry.field(
        default=strawberry.UNSET, description="Counts at once, for what has left already as well; null removes it."
    )
    daily_cap: int | None = strawberry.field(
        default=strawberry.UNSET, description="Most emails in any 24 hours; null removes it."
    )


@strawberry.type(description="The sender, or why not.")
class SenderPayload(Payload):
    sender: Sender | None = strawberry.field(default=None, description="The sender as it is now.")


def _sender(of: SenderInput | SenderChanges) -> dict[str, Any]:
    values = given_fields(of)
    if isinstance(throttle := values.get("throttle"), ThrottleInput):
        values["throttle"] = (throttle.emails, throttle.seconds)
    return values


@strawberry.type
class SenderMutation:
    @mutation(
        description="Create a sender. Refused with `ACCOUNT_NOT_ALLOWED` where the workspace may not use the account "
        "that `channelConfig` names; see `Workspace.accounts`."
    )
    async def create_sender(self, info: Request, input: SenderInput) -> SenderPayload:
        row = await senders.create_sender(info.context.workspace_context, **_sender(input))
        return SenderPayload(sender=from_row(Sender, row))

    @mutation(description="Change a sender.")
    async def update_sender(self, info: Request, id: strawberry.ID, input: SenderChanges) -> SenderPayload:
        row = await senders.update_sender(info.context.workspace_context, id, **_sender(input))
        return SenderPayload(sender=from_row(Sender, row))

    @mutation(
        description="Let a sender's account be tried again at once, because what it waited for is mended. It does "
        "nothing to an account that does not wait. An account that other workspaces use as well is refused with "
        "`ACCOUNT_SHARED`: the server's operator tries it again, by `touchline accounts resume`."
    )
    async def end_account_pause(self, info: Request, id: strawberry.ID) -> SenderPayload:
        row = await senders.end_account_pause(info.context.workspace_context, id)
        return SenderPayload(sender=from_row(Sender, row))
