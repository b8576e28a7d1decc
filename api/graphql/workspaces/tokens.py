"""Tokens of the workspace: who may use it, and what each may do."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import TOKENS
from api.roles import Role
from api.services.workspaces import tokens


@strawberry.type(description="A token of the workspace. Its secret is shown once, when it is created.")
class Token:
    """A row of api.models.Token."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the token: `tok_` and 26 lower-case letters and digits. It is not secret."
    )
    name: str = strawberry.field(description="Name of the token, such as that of a user. `Event.actor` shows it.")
    role: Role = strawberry.field(description="What the token may do.")
    created_at: datetime = strawberry.field(description="When the token was created, UTC.")


@strawberry.type(
    description="Who sends this request, by its token. Touchline has no user accounts: give each user a token."
)
class Viewer:
    """A row of api.models.Token."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the token: `tok_` and 26 lower-case letters and digits. It is not secret."
    )
    name: str = strawberry.field(
        description="Name of the token, as `Event.actor` shows it. `createToken` and `touchline workspace NAME --token "
        "TOKEN` give it."
    )
    role: Role = strawberry.field(description="What the token may do: a frontend hides what it may not.")


@strawberry.type(description="Result of createToken: the token with its secret, or errors.")
class TokenPayload(Payload):
    token: Token | None = strawberry.field(default=None, description="The new token; null if there are errors.")
    secret: str | None = strawberry.field(
        default=None,
        description="What requests send as `Authorization: Bearer …`: `tl_` and 43 characters. It cannot be read "
        "again, because only its hash is stored. Null if there are errors.",
    )


@strawberry.type(description="Result of revokeToken: the id of the token, or errors.")
class RevokeTokenPayload(Payload):
    revoked_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of the revoked token; null if there are errors."
    )


@strawberry.type
class TokenQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="Who sends this request; null if the token was just revoked."
    )
    async def viewer(self, info: Request) -> Viewer | None:
        return from_row(Viewer, await tokens.viewer(info.context.workspace_context))

    @strawberry.field(
        metadata=cost(100, size=TOKENS, queries=True),
        description="All tokens of the workspace, by name. Up to 200. Their secrets cannot be read.",
    )
    async def tokens(self, info: Request) -> list[Token]:
        return [from_row(Token, row) for row in await tokens.tokens(info.context.workspace_context)]


@strawberry.type
class TokenMutation:
    @mutation(
        role=Role.ADMIN,
        description="Create a token, such as for a new user. The answer shows its secret once. The Live Feed reports "
        "it (`TOKEN_CREATED`).",
    )
    async def create_token(
        self,
        info: Request,
        name: Annotated[
            str,
            strawberry.argument(
                description="Name of the token, such as `Ada` or `report script`: one line of up to 200 characters "
                "that no other token of the workspace has."
            ),
        ],
        role: Annotated[
            Role, strawberry.argument(description="What the token may do, such as `REP` for a person who sells.")
        ],
    ) -> TokenPayload:
        row, secret = await tokens.create_token(info.context.workspace_context, name=name, role=role)
        return TokenPayload(token=from_row(Token, row), secret=secret)

    @mutation(
        role=Role.ADMIN,
        description="Revoke a token. Requests with it are rejected at once, and its subscriptions get no further "
        "event. What it created stays. The last token with the role `ADMIN` cannot be revoked. The Live Feed reports "
        "it (`TOKEN_REVOKED`).",
    )
    async def revoke_token(
        self,
        info: Request,
        id: Annotated[
            strawberry.ID, strawberry.argument(description="Identifier of the token, such as `tok_…`; see `tokens`.")
        ],
    ) -> RevokeTokenPayload:
        revoked = await tokens.revoke_token(info.context.workspace_context, id)
        return RevokeTokenPayload(revoked_id=strawberry.ID(revoked))
