"""The updates of followed launches: each is executed and encoded once for all followers that get the same."""

import hashlib
import json
from collections.abc import AsyncGenerator, Collection, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult

from api.codes.requests import RequestCode
from api.graphql.engine.context import Context
from api.graphql.engine.json_text import EncodedJson
from api.graphql.engine.operations import Schema
from api.graphql.limits.budgets import Charge
from api.http.json_writing import encode_once
from api.http.request_guard import RequestGuard
from api.models import Launch
from strategies.codes import Message


@dataclass(frozen=True, slots=True)
class LaunchUpdate:
    """One update of a followed launch, for all followers that get the same."""

    data: EncodedJson
    errors: list[GraphQLError] | None
    valid: frozenset[str]
    """The Authorization headers whose token was still valid when the change was read."""


class FollowingClient(Protocol):
    """The connection of a follower."""

    guard: RequestGuard

    @property
    def authorization(self) -> str:
        """The client's Authorization header."""

    async def refuse(self, why: Message) -> None:
        """Close the connection, because its token is invalid."""


@dataclass(frozen=True, slots=True)
class UpdateMaker:
    """Executes and encodes the updates of one document with one set of variables in one workspace."""

    schema: Schema
    guard: RequestGuard
    context: Context
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None

    @property
    def key(self) -> Hashable:
        """Followers with the same key get the same updates."""
        operation = json.dumps([self.query, self.operation_name, self.variables], sort_keys=True)
        return self.context.workspace_context.workspace_id, hashlib.sha256(operation.encode()).digest()

    async def make(self, launch: Launch, authorizations: Collection[str]) -> LaunchUpdate:
        """Return the update after a change for clients with these Authorization headers."""
        valid = await self.guard.valid(authorizations)
        result = await self.schema.execute_event(self.query, self.variables, self.operation_name, launch, self.context)
        return LaunchUpdate(await encode_once(result.data), result.errors, valid)


async def later_updates(
    client: FollowingClient, launch: Launch, maker: UpdateMaker, charge: Charge
) -> AsyncGenerator[ExecutionResult, None]:
    """Yield an update after each change, until the launch has ended. Each is charged, and needs a valid token."""
    authorization, over = client.authorization, False
    with client.guard.watch.following(maker.key, launch, authorization, maker.make) as follower:
        del launch, maker  # thousands of followers must not keep them
        while not over:
            launch, update = await follower.next()
            if authorization not in update.valid:
                await client.refuse(RequestCode.UNAUTHENTICATED.message())
                return
            try:
                cost = charge.spend()
            except GraphQLError as error:
                yield ExecutionResult(data=None, errors=[error])
                return
            yield ExecutionResult(data=update.data, errors=update.errors, extensions={"cost": cost})  # type: ignore[arg-type]
            over = launch.status.over
