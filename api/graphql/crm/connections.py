"""Connections to CRMs: state, API use, backlog and users."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry

from api.graphql.crm.crm_settings import CrmSettings
from api.graphql.engine.enums.crm_enums import CrmChangeKind, CrmState
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CRM_KINDS, CRM_USERS
from api.graphql.workspaces.senders import Sender
from api.services.crm.connections import connection_reads
from api.services.crm.connections.crm_errors import remedy

OwnSenderId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="`id` of a sender with their own connection. If left out, the connection of the workspace."
    ),
]


@strawberry.type(description="Somebody who may log in to the CRM, and to whom tasks can be assigned there.")
class CrmUser:
    id: str = strawberry.field(description="The CRM's id of the user, such as `005Hs000001AbcdIAC`.")
    name: str = strawberry.field(description="Name of the user in the CRM. Empty if the CRM does not give it.")


@strawberry.type(description="Somebody with a login in the CRM, looked up by the address.")
class FoundCrmUser(CrmUser):
    email: str = strawberry.field(description="Address of the user in the CRM. Empty if there is none.")
    is_active: bool = strawberry.field(description="Whether the user may log in. Others cannot get tasks.")


@strawberry.type(description="Why a connection to a CRM does not work.")
class CrmProblem:
    code: str = strawberry.field(description="What happened, for programs, such as `INVALID_GRANT`.")
    message: str = strawberry.field(description="What happened, for people.")
    detail: str = strawberry.field(description="What the CRM said. It contains no secrets. May be empty.")
    do: str = strawberry.field(description="What to do about it.")
    failures: int = strawberry.field(description="Number of failures in a row.")
    since: datetime = strawberry.field(description="When it began to fail. Real time, UTC.")
    retry_at: datetime | None = strawberry.field(
        description="When it is tried again; null if somebody has to connect again first. Real time, UTC."
    )


@strawberry.type(
    description="A sender's own login to the CRM, with which the sender's tasks and activities are written there."
)
class CrmOwnLogin:
    state: CrmState = strawberry.field(
        description="Whether it works. While it is `RECONNECT` or `PAUSED`, the sender's writes fail with "
        "`OWN_LOGIN_LOST` (`crmFailures`) and wait. Other senders are not affected."
    )
    user: CrmUser = strawberry.field(description="The user of the CRM who has logged in.")
    problem: CrmProblem | None = strawberry.field(
        description="Why the connection does not work; null if the last attempt succeeded."
    )


@strawberry.type(description="The CRM user of a sender, and whether the sender's tasks are synced.")
class CrmSender:
    sender_id: strawberry.Private[str]
    user: CrmUser | None = strawberry.field(
        description="The user; null if nobody is chosen: then the sender's tasks belong to the user of the connection."
    )
    sync_tasks: bool | None = strawberry.field(
        description="Whether the sender's tasks are synced; null: as `CrmSettings.syncTasks` says."
    )

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The sender's own login; null if there is none. Then the workspace's connection is used.",
    )
    async def own_login(self, info: Request) -> CrmOwnLogin | None:
        row = await connection_reads.own_login(info.context.workspace_context, self.sender_id)
        return None if row is None else _own_login(row)

    @strawberry.field(description="The sender to whom the CRM user is assigned.")
    async def sender(self, info: Request) -> Sender:
        return cast(Sender, await info.context.loaders.sender.load(self.sender_id))


@strawberry.type(description="Use of the CRM's API in the last 24 hours, and its limit.")
class CrmApiUse:
    used: int = strawberry.field(description="Calls of all programs of the organization, as the CRM counts them.")
    limit: int = strawberry.field(description="Calls that the organization may make in 24 hours.")
    share: int = strawberry.field(
        description="Percentage of `limit` at which Touchline's calls wait, as `CrmSettings.apiShare` says."
    )
    counted_at: datetime = strawberry.field(description="When the calls were last counted. Real time, UTC.")


@strawberry.type(description="Changes of one kind that wait for the CRM.")
class CrmBacklog:
    kind: CrmChangeKind = strawberry.field(description="What has changed.")
    waiting: int = strawberry.field(
        description="Number of changes that are sent as soon as possible, or at the next attempt after a failure. "
        "Touchline compares each with the CRM first, so some may turn out to be in the CRM already."
    )
    failed: int = strawberry.field(description="Number of changes that the CRM rejected, and that wait for a user.")


@strawberry.type(description="A connection of the workspace, or of one of its senders, to an organization in a CRM.")
class ConnectedCrm:
    """A row of api.models.CrmConnection."""

    row: strawberry.Private[Any]
    crm: str = strawberry.field(description="Key of the CRM, such as `salesforce`; see `crms`.")
    way: str = strawberry.field(description="Key of the way by which Touchline logs in, such as `jwt_bearer`.")
    state: CrmState = strawberry.field(description="Whether the connection works.")
    organization: str = strawberry.field(
        description="Name of the organization, or its id if the CRM does not give the name."
    )
    organization_id: str = strawberry.field(
        description="Identifier of the organization in the CRM, such as `00DHs000000AbcdMAC`."
    )
    url: str = strawberry.field(description="URL at which users open the CRM. Empty if the CRM does not give it.")
    login_url: str = strawberry.field(description="URL at which Touchline logs in. Empty if the CRM needs none.")
    api_version: str = strawberry.field(description="Version of the CRM's API, such as `62.0`. Empty: the default.")
    is_sandbox: bool = strawberry.field(description="Whether the organization is a sandbox of the CRM.")
    user: CrmUser = strawberry.field(description="The CRM user in whose name Touchline acts.")
    connected_at: datetime = strawberry.field(description="When the CRM was last connected. Real time, UTC.")
    disconnected_at: datetime | None = strawberry.field(
        description="When the CRM was disconnected; null while it is connected. Real time, UTC."
    )
    kept_until: datetime | None = strawberry.field(
        description="Until when waiting changes are kept after disconnecting; null if they are not. Real time, UTC."
    )
    synced_at: datetime | None = strawberry.field(
        description="When everything was last found to be in sync; null before the first time. Real time, UTC."
    )

    @strawberry.field(description="Why the connection does not work; null if the last attempt succeeded.")
    def problem(self) -> CrmProblem | None:
        return _problem(self.row)

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="Use of the CRM's API; null if the CRM has not reported it yet.",
    )
    async def api_use(self, info: Request) -> CrmApiUse | None:
        row = self.row
        if row.api_used is None or row.api_limit is None or row.api_counted_at is None:
            return None
        settings = await connection_reads.settings(info.context.workspace_context, row)
        return CrmApiUse(
            used=row.api_used, limit=row.api_limit, share=settings.api_share, counted_at=row.api_counted_at
        )

    @strawberry.field(
        metadata=cost(500, size=CRM_KINDS, queries=True),
        description="The changes that wait for the CRM, by kind. A sender's own connection has none.",
    )
    async def backlog(self, info: Request) -> list[CrmBacklog]:
        rows = await connection_reads.backlog(info.context.workspace_context, self.row)
        return [CrmBacklog(kind=row.kind, waiting=row.waiting, failed=row.failed) for row in rows]

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="When the CRM is called next because of a change or a failure, as far as is known; null if "
        "nothing waits. Real time, UTC.",
    )
    async def next_attempt_at(self, info: Request) -> datetime | None:
        return await connection_reads.next_attempt(info.context.workspace_context, self.row)

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="How the workspace uses the CRM, such as which activities are logged.",
    )
    async def settings(self, info: Request) -> CrmSettings:
        return from_row(CrmSettings, await connection_reads.settings(info.context.workspace_context, self.row))

    @strawberry.field(
        metadata=cost(200, size=CRM_USERS, queries=True),
        description="The CRM user of each sender. Senders with neither a user nor a setting of their own are left out.",
    )
    async def senders(self, info: Request) -> list[CrmSender]:
        return [crm_sender(row) for row in await connection_reads.users(info.context.workspace_context, self.row)]


def _problem(row: Any) -> CrmProblem | None:
    if not row.failures or row.failing_since is None:
        return None
    message, do = remedy(row.code)
    return CrmProblem(
        code=row.code,
        message=message,
        detail=row.detail,
        do=do,
        failures=row.failures,
        since=row.failing_since,
        retry_at=row.retry_at,
    )


def _own_login(row: Any) -> CrmOwnLogin:
    return CrmOwnLogin(state=row.state, user=CrmUser(id=row.user_id, name=row.user_name), problem=_problem(row))


def crm_sender(row: Any) -> CrmSender:
    """Return a row of api.models.CrmUser as GraphQL shows it."""
    known = CrmUser(id=row.user_id, name=row.user_name) if row.user_id else None
    return CrmSender(sender_id=row.sender_id, user=known, sync_tasks=row.sync_tasks)


def connection_of_row(row: Any) -> ConnectedCrm:
    """Return a connection as GraphQL shows it: without its secrets."""
    return ConnectedCrm(
        row=row,
        crm=row.crm,
        way=row.way,
        state=row.state,
        organization=row.org_name or row.org_id,
        organization_id=row.org_id,
        url=row.org_url,
        login_url=row.access_values.get("login_url", ""),
        api_version=row.access_values.get("api_version", ""),
        is_sandbox=row.is_sandbox,
        user=CrmUser(id=row.user_id, name=row.user_name),
        connected_at=row.connected_at,
        disconnected_at=row.disconnected_at,
        kept_until=row.keep_until,
        synced_at=row.synced_at,
    )


@strawberry.type
class CrmConnectionQuery:
    @strawberry.field(
        metadata=cost(100, queries=True),
        description=(
            "The connection of the workspace, or of a sender, to a CRM; null if there is none. After disconnecting, "
            "it is the last connection."
        ),
    )
    async def crm_connection(self, info: Request, sender_id: OwnSenderId = None) -> ConnectedCrm | None:
        row = await connection_reads.connection(info.context.workspace_context, sender_id)
        return None if row is None else connection_of_row(row)

    @strawberry.field(
        metadata=cost(5_000, size=CRM_USERS, queries=True),
        description="The users of the CRM that have one of these addresses. It calls the CRM's API. Fails if the "
        "workspace is not connected.",
    )
    async def crm_users(
        self,
        info: Request,
        addresses: Annotated[
            list[str] | None,
            strawberry.argument(description="Addresses of users in the CRM. If left out, those of all senders."),
        ] = None,
    ) -> list[FoundCrmUser]:
        found = await connection_reads.find_users(info.context.workspace_context, addresses or [])
        return [
            FoundCrmUser(id=user.remote_id, name=user.name, email=user.address, is_active=user.is_active)
            for user in found
        ]
