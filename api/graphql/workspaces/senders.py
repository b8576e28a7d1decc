"""Senders: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.given_fields import given_fields
from api.graphql.arguments.ids import SenderId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.sort_orders import NamedOrder, order_of
from api.graphql.stats import Stats, stats_of
from api.graphql.workspaces.sender_lists import SenderLists
from api.services.workspaces import sender_waits, senders, workspace_reads


@strawberry.type(description="A rate limit: at most this many emails in any period of this many seconds.")
class Throttle:
    """Two columns of api.models.Sender."""

    emails: int = strawberry.field(description="Largest number of emails in one period, 1 to 100,000.")
    seconds: int = strawberry.field(
        description="Length of the period in seconds, 1 to 86,400. An email counts until the period "
        "after the server's answer has passed."
    )


@strawberry.type(description="A rate limit or a daily cap that a sender has reached. Its due emails wait.")
class ReachedLimit:
    emails: int = strawberry.field(description="Number of emails that the limit allows in `seconds`.")
    seconds: int = strawberry.field(description="Length of the limit's period; 86,400 for a daily cap.")
    until: datetime = strawberry.field(description="When the next email can be sent, UTC.")


@strawberry.type(
    description="A channel account is paused because of an error. The pause does not count as a delivery attempt."
)
class AccountPause:
    """A row of api.models.AccountPause."""

    until: datetime = strawberry.field(description="When the account is tried again. UTC.")
    code: str = strawberry.field(description="What happened, for programs, such as `CONNECTION_FAILED`.")
    detail: str = strawberry.field(
        description="What happened, for people. Empty if other workspaces use the account as well, "
        "because what a mail server says may contain the addresses of their recipients."
    )
    failures: int = strawberry.field(
        description="Number of failures in a row. The pause doubles with each, from 1 to 15 minutes."
    )


@strawberry.type(
    description="A person from whom emails come: name, address, time zone, and the channel that delivers the emails."
)
class Sender(SenderLists, Node):
    """A row of api.models.Sender."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the sender: `sdr_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="Name that recipients see, such as `Ada Lovelace`.")
    email: str = strawberry.field(description="Address that recipients see and reply to.")
    zone: str = strawberry.field(
        description="IANA time zone of the sender's days and times of day, such as `Europe/Berlin`."
    )
    channel: str = strawberry.field(
        description="Key of the channel that delivers the emails, such as `smtp`; see `channels`."
    )
    channel_config: JSON = strawberry.field(
        description="Configuration of the channel for this sender, by its `configSchema`. It contains no secrets."
    )
    daily_cap: int | None = strawberry.field(description="Largest number of emails in any 24 hours; null: no limit.")
    title: str = strawberry.field(
        description="Job title, such as `Head of Sales`, for `{{ my_title }}` in templates. Empty if there is none."
    )
    signature: str = strawberry.field(
        metadata=cost(20),
        description="Signature as HTML. `{{ my_signature }}` places it in a template. Empty if there is none.",
    )
    append_signature: bool = strawberry.field(
        description="Whether the signature is appended to templates that do not place it: below the text, and above "
        "the email that a follow-up quotes and the unsubscribe line."
    )
    created_at: datetime = strawberry.field(description="When the sender was created, by the workspace's clock. UTC.")
    throttle_emails: strawberry.Private[int | None]
    throttle_seconds: strawberry.Private[int | None]

    @strawberry.field(
        description="Rate limit over a period of seconds, shared by all processes of the server; null: no limit."
    )
    def throttle(self) -> Throttle | None:
        """Two columns."""
        if self.throttle_emails is None or self.throttle_seconds is None:
            return None
        return Throttle(emails=self.throttle_emails, seconds=self.throttle_seconds)

    @strawberry.field(
        description="The limit, of `throttle` and `dailyCap`, for which due emails of the sender wait now; null if "
        "none does."
    )
    def reached_limit(self, info: Request) -> ReachedLimit | None:
        reached = sender_waits.reached_limit(info.context.workspace_context, cast(Any, self))
        if reached is None:
            return None
        return ReachedLimit(emails=reached.emails, seconds=int(reached.span.total_seconds()), until=reached.until)

    @strawberry.field(description="Why and until when the account of the channel is paused; null when it is not.")
    async def account_pause(self, info: Request) -> AccountPause | None:
        account = await senders.shown_account(info.context.workspace_context, cast(Any, self))
        pause = await info.context.loaders.account_pause.load(account) if account else None
        if account is None or pause is None or pause.until <= info.context.workspace_context.clock():
            return None
        detail = "" if await info.context.shared_accounts.load(account) else pause.detail
        return AccountPause(until=pause.until, code=pause.code, detail=detail, failures=pause.failures)

    @strawberry.field(
        metadata=cost(60),
        description="Numbers of the emails from this sender, and of the tasks that are assigned to it, over all days.",
    )
    async def stats(self, info: Request) -> Stats:
        return stats_of(await info.context.loaders.counts_of_sender.load(self.id))


@strawberry.input(description="Selects senders that match every given field.")
class SenderFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only senders whose name or address has each word of this text, in upper or lower case.",
    )


@strawberry.type
class SenderQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The sender with this id; null if the workspace has none."
    )
    async def sender(self, info: Request, id: SenderId) -> Sender | None:
        return from_row(Sender, await workspace_reads.sender(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="All senders of the workspace, in the order in which they were created.",
    )
    async def senders(
        self,
        info: Request,
        filter: Annotated[
            SenderFilter | None,
            strawberry.argument(description="Only senders that meet this filter. If left out, all senders."),
        ] = None,
        order_by: Annotated[
            NamedOrder | None,
            strawberry.argument(description="The order of the list. If left out, in the order of creation."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Sender]:
        search = filter.search if filter else None
        rows = await workspace_reads.senders(info.context.workspace_context, search, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.input(
    description="A rate limit: at most this many emails in any period of this many seconds, such as 25 in 45."
)
class ThrottleInput:
    emails: int = strawberry.field(description="Largest number of emails in one period, 1 to 100,000.")
    seconds: int = strawberry.field(description="Length of the period in seconds, 1 to 86,400.")


@strawberry.input(description="Name, address, time zone and channel of a new sender.")
class SenderInput:
    name: str = strawberry.field(description="Name that recipients see, such as `Ada Lovelace`.")
    email: str = strawberry.field(description="Address that recipients see and reply to, such as `ada@example.com`.")
    zone: str = strawberry.field(
        description="IANA time zone of the sender's days and times of day, such as `Europe/Berlin`."
    )
    channel: str = strawberry.field(
        default="outbox", description="Key of the channel that delivers the emails, such as `smtp`; see `channels`."
    )
    channel_config: JSON | None = strawberry.field(
        default=None, description="Configuration of the channel for this sender, by its `configSchema`."
    )
    throttle: ThrottleInput | None = strawberry.field(
        default=None, description="Rate limit over a period of seconds; if left out, there is none."
    )
    daily_cap: int | None = strawberry.field(
        default=None, description="Largest number of emails in any 24 hours; if left out, there is no limit."
    )
    title: str = strawberry.field(default="", description="Job title, such as `Head of Sales`.")
    signature: str = strawberry.field(
        default="",
        description="Signature as HTML. Unsafe HTML is removed. It is not a template, so it "
        "must not contain `{{`, `{%` or `{#`.",
    )
    append_signature: bool = strawberry.field(
        default=True, description="Whether to append the signature to templates without `{{ my_signature }}`."
    )


@strawberry.input(description="Settings of a sender to change. A setting that is left out keeps its value.")
class SenderChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="New name that recipients see.")
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="New address that recipients see and reply to."
    )
    zone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="IANA time zone, such as `Europe/Berlin`, for everything that is launched from now on.",
    )
    channel: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Key of another channel, such as `smtp`. Give its `channelConfig` as well.",
    )
    channel_config: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="New configuration of the channel, by its `configSchema`."
    )
    throttle: ThrottleInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="New rate limit. It takes effect immediately and counts emails already sent; null "
        "removes the limit.",
    )
    daily_cap: int | None = strawberry.field(
        default=strawberry.UNSET, description="Largest number of emails in any 24 hours; null removes the limit."
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="New job title; empty or null removes it."
    )
    signature: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New signature as HTML; empty or null removes it. It applies to emails "
        "that are rendered from now on. Texts that a rep has written keep the old one.",
    )
    append_signature: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether to append the signature to templates without `{{ my_signature }}`; null is true.",
    )


@strawberry.type(description="Result of the mutations on senders: the sender, or errors.")
class SenderPayload(Payload):
    sender: Sender | None = strawberry.field(
        default=None, description="The sender after the change; null if there are errors."
    )


def _sender(of: SenderInput | SenderChanges) -> dict[str, Any]:
    values = given_fields(of)
    if isinstance(throttle := values.get("throttle"), ThrottleInput):
        values["throttle"] = (throttle.emails, throttle.seconds)
    return values


@strawberry.type
class SenderMutation:
    @mutation(
        description="Create a sender. Refused with `ACCOUNT_NOT_ALLOWED` if the workspace may not use "
        "the account in `channelConfig`; see `Workspace.accounts`."
    )
    async def create_sender(
        self,
        info: Request,
        input: Annotated[
            SenderInput, strawberry.argument(description="Name, address, time zone and channel of the new sender.")
        ],
    ) -> SenderPayload:
        row = await senders.create_sender(info.context.workspace_context, **_sender(input))
        return SenderPayload(sender=from_row(Sender, row))

    @mutation(description="Change a sender's name, address, time zone, channel or limits.")
    async def update_sender(
        self,
        info: Request,
        id: SenderId,
        input: Annotated[
            SenderChanges,
            strawberry.argument(description="The settings to change. Omitted fields do not change."),
        ],
    ) -> SenderPayload:
        row = await senders.update_sender(info.context.workspace_context, id, **_sender(input))
        return SenderPayload(sender=from_row(Sender, row))

    @mutation(
        description="End the pause of a sender's account, because its cause has been fixed: emails are "
        "tried again at once. Does nothing if the account is not paused. Refused with "
        "`ACCOUNT_SHARED` if other workspaces use the account: the server's operator then "
        "ends the pause by `touchline accounts resume`."
    )
    async def end_account_pause(self, info: Request, id: SenderId) -> SenderPayload:
        row = await senders.end_account_pause(info.context.workspace_context, id)
        return SenderPayload(sender=from_row(Sender, row))
