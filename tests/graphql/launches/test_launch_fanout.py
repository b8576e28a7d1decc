"""Many clients follow one launch over real websockets: each change is executed and encoded once for all of them."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from api.graphql.engine.execution.operations import Schema
from api.graphql.limits.budgets import Budget
from api.http.graphql import json_writing, subscription_updates
from api.http.graphql.websocket_frames import Socket as ServerSocket
from api.models import Launch, Person, Token
from api.services.workspaces import tokens as workspace_tokens
from api.services.workspaces.tokens import issue_token
from tests.client import Client
from tests.graphql.launches.test_launch_progress import FOLLOW, begun, ended, event, moved
from tests.graphql.launches.test_start_launch import START, authored
from tests.live import Live, Socket, until
from tests.served import NOW

pytestmark = pytest.mark.usefixtures("quiet")
STATUS = "subscription($id: ID!) { launchProgress(id: $id) { status } }"


@dataclass
class Counted:
    """How often an event was executed and encoded, and the tokens of followers were read."""

    executions: int = 0
    encodings: int = 0
    token_queries: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count the work of the server."""
    found = Counted()
    execute, encode, read = Schema.execute_event, json_writing.encode_once, workspace_tokens.valid_tokens

    async def executed(*given: Any) -> Any:
        found.executions += 1
        return await execute(*given)

    async def encoded(content: Any) -> Any:
        found.encodings += 1
        return await encode(content)

    async def tokens_read(tokens: Any) -> Any:
        found.token_queries += 1
        return await read(tokens)

    monkeypatch.setattr(Schema, "execute_event", executed)
    monkeypatch.setattr(subscription_updates, "encode_once", encoded)
    monkeypatch.setattr("api.http.access.request_guard.valid_tokens", tokens_read)
    return found


async def opened(stack: AsyncExitStack, live: Live, token: str, launch: str, query: str = FOLLOW) -> Socket:
    """Open a websocket that follows the launch and has its first event."""
    socket = await stack.enter_async_context(live.opened(token))
    await socket.begin(query, id=launch)
    assert (await socket.hear())["type"] == "next"
    return socket


async def test_a_change_is_executed_and_encoded_once(live: Live, rep: Client, counted: Counted) -> None:
    launch, second = await begun(rep), await issue_token(rep.workspace, "second", NOW)
    async with AsyncExitStack() as stack:
        sockets = [await opened(stack, live, token, launch) for token in (rep.token, second) for _ in range(15)]
        assert counted == Counted(0, 0, 0)
        await moved(launch)
        live.gate.open()
        assert [await event(socket) for socket in sockets] == [("RUNNING", 1, 0.5)] * 30
        assert counted == Counted(1, 1, 1)
        await ended()
        live.gate.open()
        for socket in sockets:
            assert await event(socket) == ("FINISHED", 2, 1.0)
            assert (await socket.hear())["type"] == "complete"
        assert counted == Counted(2, 2, 2)
    assert live.watch.followers == 0


async def test_each_document_and_each_launch_is_executed_by_itself(live: Live, rep: Client, counted: Counted) -> None:
    launch, campaign = await begun(rep), await authored(rep, email="other@example.com")
    given = {"campaignId": campaign, "personIds": [each.id for each in await Person.all()], "sendNow": True}
    other = (await rep.do(START, "launch", input=given))["id"]
    async with AsyncExitStack() as stack:
        sockets = [await opened(stack, live, rep.token, launch) for _ in range(2)]
        states = [await opened(stack, live, rep.token, launch, STATUS) for _ in range(2)]
        others = [await opened(stack, live, rep.token, other) for _ in range(2)]
        await moved(launch)
        await Launch.filter(id=other).update(processed=2, enrolled=2)
        live.gate.open()
        assert [await event(socket) for socket in sockets] == [("RUNNING", 1, 0.5)] * 2
        assert [await event(socket) for socket in others] == [("RUNNING", 2, 1.0)] * 2
        for socket in states:
            assert (await socket.hear())["payload"]["data"] == {"launchProgress": {"status": "RUNNING"}}
        assert (counted.executions, counted.encodings) == (3, 3)


async def test_variables_in_another_order_are_the_same(live: Live, rep: Client, counted: Counted) -> None:
    launch = await begun(rep)
    query = "subscription($id: ID!, $own: Boolean!) { launchProgress(id: $id) { status enrolled @include(if: $own) } }"
    async with live.opened(rep.token) as one, live.opened(rep.token) as two, live.opened(rep.token) as three:
        await one.begin(query, id=launch, own=True)
        await two.begin(query, own=True, id=launch)
        await three.begin(query, id=launch, own=False)
        for socket in (one, two, three):
            await socket.hear()
        await moved(launch)
        live.gate.open()
        told = [(await socket.hear())["payload"]["data"]["launchProgress"] for socket in (one, two, three)]
        assert told == [{"status": "RUNNING", "enrolled": 1}] * 2 + [{"status": "RUNNING"}]
        assert counted.executions == 2


async def test_each_follower_pays_for_each_event(live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    launch, second = await begun(rep), await issue_token(rep.workspace, "second", NOW)
    paid: Counter[int] = Counter()
    spend = Budget.spend

    def spent(self: Budget, points: int, dearest: str) -> None:
        paid[id(self)] += points
        spend(self, points, dearest)

    async with AsyncExitStack() as stack:
        sockets = [await opened(stack, live, token, launch) for token in (rep.token, rep.token, second)]
        monkeypatch.setattr(Budget, "spend", spent)
        await moved(launch)
        live.gate.open()
        messages = [await socket.hear() for socket in sockets]
        costs = [message["payload"]["extensions"]["cost"] for message in messages]
        requested = costs[0]["requested"]
        assert requested > 0
        assert {cost["requested"] for cost in costs} == {requested}
        assert sorted(paid.values()) == [requested, 2 * requested]


async def test_a_follower_without_budget_ends_alone(live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    launch, second = await begun(rep), await issue_token(rep.workspace, "second", NOW)
    budgets, spend = list[Budget](), Budget.spend

    def spent(self: Budget, points: int, dearest: str) -> None:
        budgets.append(self)
        spend(self, points, dearest)

    monkeypatch.setattr(Budget, "spend", spent)
    async with AsyncExitStack() as stack:
        rich, poor = await opened(stack, live, rep.token, launch), await opened(stack, live, second, launch)
        budgets[-1].left, budgets[-1].minute = 0.0, 1
        await moved(launch)
        live.gate.open()
        assert await event(rich) == ("RUNNING", 1, 0.5)
        message = await poor.hear()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "BUDGET_USED_UP"
        assert (await poor.hear())["type"] == "complete"
        assert live.watch.followers == 1


async def test_a_revoked_token_ends_its_followers_alone(live: Live, rep: Client, counted: Counted) -> None:
    launch, second = await begun(rep), await issue_token(rep.workspace, "second", NOW)
    async with AsyncExitStack() as stack:
        kept, gone = await opened(stack, live, rep.token, launch), await opened(stack, live, second, launch)
        await Token.filter(name="second").delete()
        await moved(launch)
        live.gate.open()
        assert await event(kept) == ("RUNNING", 1, 0.5)
        assert await gone.closing() == (4401, "Invalid or expired token.")
        await until(lambda: live.watch.followers == 1)
        assert counted.executions == 1


async def test_a_slow_client_delays_no_other_and_gets_the_newest(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, read, blocked = await begun(rep), asyncio.Event(), asyncio.Event()
    async with AsyncExitStack() as stack:
        slow = await opened(stack, live, rep.token, launch)
        fast = [await opened(stack, live, rep.token, launch) for _ in range(3)]
        send, first = ServerSocket.send_json, list[ServerSocket]()

        async def sent(self: ServerSocket, message: Any) -> None:
            first.append(self)
            if self is first[0] and not read.is_set():
                blocked.set()
                await read.wait()  # as when the client reads nothing and the buffers are full
            await send(self, message)

        monkeypatch.setattr(ServerSocket, "send_json", sent)
        await moved(launch)
        live.gate.open()
        await blocked.wait()
        assert [await event(socket) for socket in fast] == [("RUNNING", 1, 0.5)] * 3
        await Launch.filter(id=launch).update(processed=2, enrolled=1, left_out=1)
        live.gate.open()
        assert [await event(socket) for socket in fast] == [("RUNNING", 2, 1.0)] * 3
        await ended()
        live.gate.open()
        assert [(await event(socket))[0] for socket in fast] == ["FINISHED"] * 3
        read.set()
        assert await event(slow) == ("RUNNING", 1, 0.5)
        assert (await event(slow))[0] == "FINISHED"
        assert (await slow.hear())["type"] == "complete"


async def test_an_event_that_cannot_be_made_is_tried_again(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    launch, failed = await begun(rep), asyncio.Event()

    async def broken(_: object) -> None:
        failed.set()
        raise ConnectionError("the database\nhung up")

    async with AsyncExitStack() as stack:
        sockets = [await opened(stack, live, rep.token, launch) for _ in range(2)]
        await moved(launch)
        with monkeypatch.context() as patched:
            patched.setattr("api.http.access.request_guard.valid_tokens", broken)
            live.gate.open()
            await failed.wait()
        live.gate.open()
        assert [await event(socket) for socket in sockets] == [("RUNNING", 1, 0.5)] * 2
    assert "cannot send the change of a row; trying again: the database hung up" in caplog.text


async def test_errors_of_an_event_reach_all_followers(
    live: Live, rep: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    launch = await begun(rep)
    query = "subscription($id: ID!) { launchProgress(id: $id) { status leftOutByCode { code people } } }"

    async def broken(_: str) -> dict[str, int]:
        raise ValueError("a secret")

    async with AsyncExitStack() as stack:
        sockets = [await opened(stack, live, rep.token, launch, query) for _ in range(2)]
        await moved(launch)
        monkeypatch.setattr("api.services.launches.background.background_launch.left_out_by_code", broken)
        live.gate.open()
        for socket in sockets:
            message = await socket.hear()
            (error,) = message["payload"]["errors"]
            assert error["extensions"]["code"] == "INTERNAL_ERROR"
            assert error["path"] == ["launchProgress", "leftOutByCode"]
            assert "secret" not in str(message)
    logged = [record for record in caplog.messages if "an internal error at launchProgress.leftOutByCode" in record]
    assert len(logged) == 1
    caplog.clear()  # the error is expected
