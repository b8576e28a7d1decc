"""The updates of subscriptions: each is executed and encoded once for all clients that get the same."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Collection, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult

from api.codes.request_errors.http_answers import CloseCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.engine.execution.json_text import EncodedJson
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.execution.root_variables import variables_of_fields
from api.graphql.engine.graphql_context import Context
from api.graphql.limits.budgets import Charge
from api.http.access.request_guard import RequestGuard
from api.http.graphql.json_writing import encode_once
from api.services.following.event_tail import TooSlowError
from api.services.following.events import FollowedEvents
from api.services.following.row_kinds import FollowedRow, kind_of
from strategies.codes import Message

EVENTS_AT_ONCE = 50
"""Events whose results are made together, so that they load their rows together."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update, for all clients that get the same."""

    data: EncodedJson
    errors: list[GraphQLError] | None


@dataclass(frozen=True, slots=True)
class RowUpdate(Update):
    """One update of a followed row."""

    valid: frozenset[str]
    """The Authorization headers whose token was still valid when the change was read."""


class FollowingClient(Protocol):
    """The connection of a follower."""

    guard: RequestGuard

    @property
    def authorization(self) -> str:
        """The client's Authorization header."""

    async def refuse(self, why: Message, code: CloseCode = CloseCode.UNAUTHENTICATED) -> None:
        """Close the connection, because its token is invalid or it reads too slowly."""


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
        """Followers with the same key get the same updates of a row."""
        return self._key(self.variables)

    @property
    def event_key(self) -> Hashable:
        """Followers with the same key get the same results of events. What only selects events does not matter."""
        used = variables_of_fields(self.query, self.operation_name)
        return self._key({name: value for name, value in (self.variables or {}).items() if name in used})

    def _key(self, variables: dict[str, Any] | None) -> Hashable:
        operation = json.dumps([self.query, self.operation_name, variables], sort_keys=True)
        return self.context.workspace_context.workspace_id, hashlib.sha256(operation.encode()).digest()

    async def make_row_update(self, row: FollowedRow, authorizations: Collection[str]) -> RowUpdate:
        """Return the update after a change for clients with these Authorization headers."""
        valid = await self.valid(authorizations)
        self.context.forget()  # the rows that an earlier event loaded may have changed
        update = await self._update(row)
        return RowUpdate(update.data, update.errors, valid)

    async def make(self, events: Sequence[Any]) -> Mapping[str, Update]:
        """Return the update of each event, by its id."""
        found: dict[str, Update] = {}
        for start in range(0, len(events), EVENTS_AT_ONCE):
            some = events[start : start + EVENTS_AT_ONCE]
            self.context.forget()
            updates = await asyncio.gather(*map(self._update, some))
            found |= {event.id: update for event, update in zip(some, updates, strict=True)}
        return found

    async def valid(self, tokens: Collection[str]) -> frozenset[str]:
        """Return those Authorization headers whose token is still valid."""
        return await self.guard.valid(tokens)

    async def _update(self, value: object) -> Update:
        result = await self.schema.execute_event(self.query, self.variables, self.operation_name, value, self.context)
        return Update(await encode_once(result.data), result.errors)


async def later_updates(
    client: FollowingClient, followed: FollowedRow | FollowedEvents, maker: UpdateMaker, charge: Charge
) -> AsyncGenerator[ExecutionResult, None]:
    """Yield an update after each change, to the end. Each is charged, and needs a valid token."""
    if isinstance(followed, FollowedEvents):
        updates = _events(client, followed, maker)
    else:
        updates = _rows(client, followed, maker)
    del followed, maker  # frees their memory: a server can have thousands of followers
    try:
        async with aclosing(updates):
            async for update, valid in updates:
                if not valid:
                    await client.refuse(RequestCode.UNAUTHENTICATED.message())
                    return
                try:
                    cost = charge.spend()
                except GraphQLError as error:
                    yield ExecutionResult(data=None, errors=[error])
                    return
                yield ExecutionResult(data=update.data, errors=update.errors, extensions={"cost": cost})  # type: ignore[arg-type]
    except TooSlowError:
        await client.refuse(RequestCode.TOO_SLOW.message(), CloseCode.TOO_SLOW)


async def _rows(
    client: FollowingClient, row: FollowedRow, maker: UpdateMaker
) -> AsyncGenerator[tuple[Update, bool], None]:
    """Yield the updates of a row until it has come to its end."""
    authorization, kind = client.authorization, kind_of(row)
    with client.guard.watch.following(maker.key, row, authorization, maker.make_row_update) as follower:
        del row, maker
        over = False
        while not over:
            row, update = await follower.next()
            yield update, authorization in update.valid
            over = kind.is_over(row)


async def _events(
    client: FollowingClient, followed: FollowedEvents, maker: UpdateMaker
) -> AsyncGenerator[tuple[Update, bool], None]:
    """Yield the updates of events, without an end."""
    workspace_id = maker.context.workspace_context.workspace_id
    about = maker.event_key, maker, followed.filter, followed.place, client.authorization
    updates = client.guard.tail.follow(workspace_id, *about)
    del followed, maker, about
    async with aclosing(updates):
        async for update in updates:
            yield update
