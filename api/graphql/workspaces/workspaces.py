"""The workspace of the caller."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graphql.arguments.given_fields import given_fields
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ACCOUNTS, CALL_LISTS, DOMAINS
from api.roles import Role
from api.services.campaigns.editing.fact_changes_job import apply_fact_changes
from api.services.dispatch.sandbox_clock import advance_clock
from api.services.enrollments.facts.history_job import count_after_move
from api.services.workspaces import call_lists, workspaces


@strawberry.type(description="How a call can end.")
class CallOutcome:
    """A CallOutcome of services."""

    name: str = strawberry.field(description="What reps choose, such as `Left voicemail`.")
    answered: bool = strawberry.field(description="Whether somebody answered the call.")


@strawberry.input(description="How a call can end.")
class CallOutcomeInput:
    name: str = strawberry.field(
        description="What reps choose, such as `Left voicemail`: one line of up to 50 characters."
    )
    answered: bool = strawberry.field(description="Whether somebody answered the call.")


@strawberry.type(description="The workspace to which the token gives access.")
class Workspace:
    """A row of api.models.Workspace."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the workspace: `wsp_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="Name of the workspace, set by the server's operator.")
    blocked_domains: strawberry.Private[Any]
    sandbox: bool = strawberry.field(
        description="Whether this is a sandbox: its clock is virtual, and it never delivers emails."
    )

    @strawberry.field(description="Current time of the workspace: the real time, or a sandbox's virtual time. UTC.")
    def now(self, info: Request) -> datetime:
        return info.context.workspace_context.now

    @strawberry.field(
        name="blockedDomains",
        metadata=cost(size=DOMAINS, plain_at=5),
        description="Domains to which nothing is sent, their subdomains included, such as `competitor.example`.",
    )
    def list_blocked_domains(self) -> list[str]:
        return list(self.blocked_domains)

    accounts: list[str] | None = strawberry.field(
        metadata=cost(size=ACCOUNTS),
        description="Channel accounts that the workspace's senders may use, such as `smtp` or "
        "`smtp:SALES`; null: all. The server's operator sets them by `touchline accounts "
        "allow`.",
    )
    unsubscribe_html: str | None = strawberry.field(
        description="The unsubscribe line at the end of emails whose template has no link to unsubscribe: HTML with "
        "the field "
        '`{{ unsubscribe_url }}`; null: the default line, a link "Unsubscribe".'
    )
    unsubscribe_page_text: str | None = strawberry.field(
        description="The workspace's own text on the unsubscribe page, as plain text; null if it has none."
    )

    @strawberry.field(
        metadata=cost(size=CALL_LISTS), description="How calls can end: reps choose one when they complete a CALL task."
    )
    def call_outcomes(self, info: Request) -> list[CallOutcome]:
        found = call_lists.outcomes_of(info.context.workspace_context.workspace)
        return [CallOutcome(name=each.name, answered=each.answered) for each in found]

    @strawberry.field(
        metadata=cost(size=CALL_LISTS, plain_at=5),
        description="Why reps call: they choose one when they complete a CALL task.",
    )
    def call_reasons(self, info: Request) -> list[str]:
        return list(call_lists.reasons_of(info.context.workspace_context.workspace))


@strawberry.input(description="Settings of the workspace to change. A field that is left out keeps its value.")
class WorkspaceChanges:
    unsubscribe_html: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The unsubscribe line at the end of emails whose template has no link to unsubscribe: HTML with "
        "the field "
        "`{{ unsubscribe_url }}`, and no other field. Example: "
        '`<p>Not interested? <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>`. Null restores the default line.',
    )
    unsubscribe_page_text: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="A text of your own on the unsubscribe page, as plain text, such as your postal address. Null "
        "removes it.",
    )
    call_outcomes: list[CallOutcomeInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The whole new list of how calls can end. Tasks that are completed keep their outcome. Null "
        "restores the default list.",
    )
    call_reasons: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="The whole new list of reasons for calls, each up to 50 characters. Tasks that are completed keep "
        "their reason. Null restores the default list.",
    )


@strawberry.type
class WorkspaceQuery:
    @strawberry.field(description="The workspace to which the token gives access.")
    def workspace(self, info: Request) -> Workspace:
        return from_row(Workspace, info.context.workspace_context.workspace)


@strawberry.type(description="Result of the mutations on the workspace: the workspace, or errors.")
class WorkspacePayload(Payload):
    workspace: Workspace | None = strawberry.field(
        default=None, description="The workspace after the change; null if there are errors."
    )


@strawberry.type(description="Result of advanceClock: the sandbox's time, or errors.")
class ClockPayload(Payload):
    now: datetime | None = strawberry.field(
        default=None, description="The sandbox's time after the change, UTC; null if there are errors."
    )
    dispatched: int = strawberry.field(
        default=0, description="Number of emails that were due in between and were dispatched."
    )


def _given(changes: WorkspaceChanges) -> dict[str, Any]:
    """Return the fields that a client gave, as the service takes them."""
    values = given_fields(changes)
    if outcomes := values.get("call_outcomes"):
        values["call_outcomes"] = [call_lists.CallOutcome(each.name, each.answered) for each in outcomes]
    return values


@strawberry.type
class WorkspaceMutation:
    @mutation(
        description="Change the workspace's settings for unsubscribing and for calls. Emails that have not been "
        "sent yet use the new line.",
        role=Role.ADMIN,
    )
    async def update_workspace(
        self,
        info: Request,
        input: Annotated[
            WorkspaceChanges, strawberry.argument(description="The settings to change. Omitted fields do not change.")
        ],
    ) -> WorkspacePayload:
        row = await workspaces.update_workspace(info.context.workspace_context, **_given(input))
        return WorkspacePayload(workspace=from_row(Workspace, row))

    @mutation(
        metadata=cost(5_000),
        role=Role.ADMIN,
        description="Replace the list of domains to which this workspace sends nothing. A domain "
        "includes its subdomains: `blocked.example` blocks `ann@mail.blocked.example`, but "
        "not `ann@notblocked.example`. Up to 10,000 domains of 250,000 characters in all. "
        "Launching is still allowed, because tasks are created in any case: `launchPreview` "
        "warns, and each email fails with `BLOCKED_DOMAIN`.",
    )
    async def set_blocked_domains(
        self,
        info: Request,
        domains: Annotated[
            list[str],
            strawberry.argument(
                description='The whole new list of domains, such as `["competitor.example"]`. An empty list '
                "blocks none."
            ),
        ],
    ) -> WorkspacePayload:
        row = await workspaces.set_blocked_domains(info.context.workspace_context, domains)
        return WorkspacePayload(workspace=from_row(Workspace, row))

    @mutation(
        metadata=cost(20_000, once=3),
        description="Move a sandbox's clock forward. Everything that is due in between happens, in "
        "order. If an installed send option reads HISTORY, emails are counted for it when a day has passed. Refused in "
        "a workspace that runs in real time.",
    )
    async def advance_clock(
        self,
        info: Request,
        to: Annotated[
            datetime,
            strawberry.argument(
                description="The instant to move to, after the sandbox's current time, such as `2026-03-02T08:30:00Z`."
            ),
        ],
    ) -> ClockPayload:
        context = info.context
        if context.workspace_context.workspace.sandbox:
            # No job runs while the clock moves, so emails that wait for one would be late.
            await apply_fact_changes(context.workspace_context)
        moved_from = context.workspace_context.now
        dispatched = await advance_clock(context.workspace_context, context.runtime, to)
        await count_after_move(context.workspace_context, moved_from)
        return ClockPayload(now=context.workspace_context.now, dispatched=dispatched)
