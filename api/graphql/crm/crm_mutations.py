"""Mutations that connect, pause and disconnect CRMs, and that link senders to users there."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import SenderId
from api.graphql.crm.connections import (
    ConnectedCrm,
    CrmBacklog,
    CrmSender,
    OwnSenderId,
    connection_of_row,
    crm_sender,
)
from api.graphql.crm.logins import CrmConnectionInput, CrmUserLoginInput, connect_values, user_login_values
from api.graphql.engine.enums.crm_enums import CrmWaitingChanges
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CRM_KINDS
from api.roles import Role
from api.services.crm.connections import connecting, consent, disconnecting, pausing, users

CALLS_CRM = cost(5_000)


@strawberry.type(description="Result of the mutations on a CRM connection: the connection, or errors.")
class CrmConnectionPayload(Payload):
    connection: ConnectedCrm | None = strawberry.field(
        default=None, description="The connection after the change; null if there are errors."
    )


@strawberry.type(description="Result of startCrmConnection: the URL that the user opens, or errors.")
class StartCrmConnectionPayload(Payload):
    url: str | None = strawberry.field(
        default=None, description="URL of the CRM's page, for the browser of the user; null if there are errors."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="Until when the user can log in; null if there are errors. Real time, UTC."
    )


@strawberry.type(description="Result of disconnectCrm: the connection and what was waiting, or errors.")
class DisconnectCrmPayload(CrmConnectionPayload):
    backlog: list[CrmBacklog] = strawberry.field(
        metadata=cost(size=CRM_KINDS),
        default_factory=list,
        description="The changes that were waiting, by kind. They are kept or dropped, as `waiting` says. Empty for a "
        "sender's own connection: the workspace's changes wait for the workspace's connection.",
    )
    revoked: bool = strawberry.field(
        default=False,
        description="Whether the CRM has revoked the tokens. Here all secrets are deleted in any case.",
    )


@strawberry.type(description="Result of setCrmUser: the sender and its user, or errors.")
class CrmSenderPayload(Payload):
    sender: CrmSender | None = strawberry.field(
        default=None, description="The sender after the change; null if there are errors."
    )


@strawberry.type
class CrmMutation:
    @mutation(
        role=Role.ADMIN,
        metadata=CALLS_CRM,
        description="Connect the workspace to a CRM. Touchline logs in first: if the CRM does not accept it, nothing "
        "is stored, and the error has the CRM's words. If the workspace is already connected, the new login replaces "
        "the old one. It must lead to the same organization. Secrets are encrypted and never shown again.",
    )
    async def connect_crm(
        self,
        info: Request,
        input: Annotated[CrmConnectionInput, strawberry.argument(description="The CRM, and how Touchline logs in.")],
    ) -> CrmConnectionPayload:
        row = await connecting.connect(info.context.workspace_context, input.crm, connect_values(input.login))
        return CrmConnectionPayload(connection=connection_of_row(row))

    @mutation(
        description=(
            "Begin to connect the workspace, or a sender, by a user's login on the CRM's own page. Open the URL in "
            "the user's browser within 15 minutes. The CRM sends the browser back to `/crm/callback` of this server, "
            "which then connects. Needs the setting `TOUCHLINE_PUBLIC_URL`. For the workspace, it needs a token with "
            "the role `ADMIN`."
        )
    )
    async def start_crm_connection(
        self,
        info: Request,
        input: Annotated[CrmUserLoginInput, strawberry.argument(description="The CRM, the app in it, and the sender.")],
    ) -> StartCrmConnectionPayload:
        started = await consent.start(
            info.context.workspace_context, input.crm, user_login_values(input), input.sender_id
        )
        return StartCrmConnectionPayload(url=started.url, expires_at=started.expires_at)

    @mutation(
        metadata=CALLS_CRM,
        description="Disconnect the workspace, or a sender, from the CRM: the tokens are revoked there, and all "
        "secrets are deleted here. Tasks stay as they are on both sides. For the workspace, it needs a token with the "
        "role `ADMIN`.",
    )
    async def disconnect_crm(
        self,
        info: Request,
        waiting: Annotated[
            CrmWaitingChanges, strawberry.argument(description="What happens to the changes that wait for the CRM.")
        ],
        keep_days: Annotated[
            int | None,
            strawberry.argument(
                description="Days for which the changes are kept, 1 to 90. If left out, 30. Only with KEEP."
            ),
        ] = None,
        sender_id: OwnSenderId = None,
    ) -> DisconnectCrmPayload:
        done = await disconnecting.disconnect(info.context.workspace_context, waiting, keep_days, sender_id)
        return DisconnectCrmPayload(
            connection=connection_of_row(done.connection),
            backlog=[CrmBacklog(kind=row.kind, waiting=row.waiting, failed=row.failed) for row in done.backlog],
            revoked=done.is_revoked,
        )

    @mutation(
        description="Pause the connection to the CRM: nothing is called, and changes wait, until `retryCrm`. For the "
        "workspace, it needs a token with the role `ADMIN`."
    )
    async def pause_crm(self, info: Request, sender_id: OwnSenderId = None) -> CrmConnectionPayload:
        row = await pausing.pause(info.context.workspace_context, sender_id)
        return CrmConnectionPayload(connection=connection_of_row(row))

    @mutation(
        description="Use the connection to the CRM again at once. This ends a pause, and the wait after a failure."
    )
    async def retry_crm(self, info: Request, sender_id: OwnSenderId = None) -> CrmConnectionPayload:
        row = await pausing.retry(info.context.workspace_context, sender_id)
        return CrmConnectionPayload(connection=connection_of_row(row))

    @mutation(
        metadata=CALLS_CRM,
        description="Set the CRM user of a sender, and whether the sender's tasks are synced. Touchline "
        "checks in the CRM that the user is active.",
    )
    async def set_crm_user(
        self,
        info: Request,
        sender_id: SenderId,
        user_id: Annotated[
            str | None,
            strawberry.argument(
                description="The CRM's id of the user, such as `005Hs000001AbcdIAC`. Null: no user. If left out, the "
                "user stays."
            ),
        ] = strawberry.UNSET,
        sync_tasks: Annotated[
            bool | None,
            strawberry.argument(
                description="Whether the sender's tasks are synced. Null: as `CrmSettings.syncTasks`. If left out, "
                "it stays."
            ),
        ] = strawberry.UNSET,
    ) -> CrmSenderPayload:
        given = {"user_id": user_id, "sync_tasks": sync_tasks}
        values = {name: value for name, value in given.items() if value is not strawberry.UNSET}
        row = await users.set_user(info.context.workspace_context, sender_id, values)
        return CrmSenderPayload(sender=crm_sender(row))
