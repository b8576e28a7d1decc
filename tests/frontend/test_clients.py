"""Clients of frontends, with their defaults, against a real server."""

import asyncio

from tests.client import Client
from tests.frontend.conftest import Run
from tests.graphql.launches.test_launch_progress import FOLLOW, begun, ended
from tests.live import Live, until


async def end_launch(live: Live, running: "asyncio.Task[object]") -> None:
    """Run a launch to its end when a client follows it."""
    await until(lambda: live.watch.followers == 1 or running.done())
    await ended()
    live.gate.open()


async def test_graphql_sse_follows_a_launch(live: Live, rep: Client, run: Run) -> None:
    launch = await begun(rep)
    given = {"url": f"http://{live.host}/graphql", "token": rep.token}
    running = asyncio.create_task(run("sse.mjs", query=FOLLOW, variables={"id": launch}, **given))
    await end_launch(live, running)
    events = [event["data"]["launchProgress"] for event in await running]
    assert [(event["status"], event["processed"]) for event in events] == [("RUNNING", 0), ("FINISHED", 2)]
    (answer,) = await run("sse.mjs", query="{ workspace { name } }", **given)
    assert answer["data"] == {"workspace": {"name": "Test"}}
    (refused,) = await run("sse.mjs", query="subscription { nothing }", **given)
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["INVALID_QUERY"]


async def test_urql_works_with_its_defaults(live: Live, rep: Client, run: Run) -> None:
    launch = await begun(rep)
    url = f"http://{live.host}/graphql"
    running = asyncio.create_task(run("urql.mjs", url=url, token=rep.token, follow=FOLLOW, id=launch))
    await end_launch(live, running)
    told = await running
    assert told["query"] == {"data": {"workspace": {"name": "Test"}}}
    assert told["person"] == {"data": {"person": None}}
    assert told["wrong"]["codes"] == ["INVALID_QUERY"]
    assert told["mutation"] == {"data": {"createCategory": {"category": {"name": "urql"}}}}
    progress = [event["data"]["launchProgress"] for event in told["progress"]]
    assert [(event["status"], event["processed"]) for event in progress] == [("RUNNING", 0), ("FINISHED", 2)]
