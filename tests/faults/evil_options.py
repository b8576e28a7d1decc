"""Send options of a package that misbehave, in a server under load: what they do to other emails and requests."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from api.models import Event, Launch, LeftOut, PluginHealth
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.workspaces.senders import create_sender
from api.states import LaunchStatus
from tests.faults.authoring import _people
from tests.faults.evil_row import EvilRow, named
from tests.faults.rival import Rival, rival_of
from tests.faults.sink import Sink

PACKAGE = Path(__file__).parents[1] / "plugins" / "evil_package" / "touchline_evil.py"
EVILS: dict[str, tuple[str, tuple[str | None, ...]]] = {
    "sleeps": ("sleeps for a minute", ("TOO_MUCH_TIME",)),
    # A worker has a lower priority than the server. On a busy machine its time ends before its CPU time.
    "loops": ("loops for ever", ("TOO_MUCH_CPU", "TOO_MUCH_TIME")),
    "loops_in_c": ("loops in C code (a regular expression)", ("TOO_MUCH_CPU", "TOO_MUCH_TIME")),
    "recurses": ("calls itself without end", ("FAILED",)),
    "exits": ("raises `SystemExit`", ("FAILED",)),
    "interrupts": ("raises `KeyboardInterrupt`", ("FAILED",)),
    "ends_process": ("ends the process (`os._exit`)", ("CRASHED",)),
    "crashes": ("reads memory that does not exist", ("CRASHED",)),
    "eats": ("keeps a gigabyte", ("TOO_MUCH_MEMORY",)),
    "leaves_threads": ("leaves a thread and a process that work for ever", (None,)),
    "is_fickle": ("gives another answer each time", ("NOT_DETERMINISTIC",)),
    "mutates": ("changes its input", (None,)),
}
"""The options of the package without their prefix, in words, and the faults that each may get."""
HARMLESS = ("leaves_threads", "is_fickle", "mutates")
"""Options that answer all the same, so that everyone is enrolled."""
PEOPLE = 20
CLIENTS = 3
"""Clients that ask for previews with the option at the same time."""
START = "mutation($input: StartLaunchInput!) { startLaunch(input: $input) { launch { id } errors { code message } } }"
PREVIEW = (
    "query($input: LaunchInput!) { launchPreview(input: $input) { errors { code } previews { warnings { code } } } }"
)


async def harmless(url: str, seconds: float) -> list[EvilRow]:
    """Let each evil run beside other emails and requests for some seconds. Returns a row for each."""
    rows = []
    async with Sink().running() as sink, rival_of(url, sink, PACKAGE) as (rival, _):
        usual = await rival.usual(seconds)
        for evil, (what, _faults) in EVILS.items():
            attack = asyncio.create_task(_attack(rival, evil, seconds))
            measured = await rival.measure(seconds)
            database = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
            row = EvilRow(what, database, usual, measured.period, (), measured.lost, measured.twice)
            await _judge(row, evil, *await attack)
            rows.append(row)
    return rows


async def _attack(rival: Rival, evil: str, seconds: float) -> tuple[str, list[str]]:
    """Launch a campaign with the option in the background, and ask for its preview again and again.

    Returns the launch, if it was not refused, and the codes of its errors.
    """
    context = rival.context
    sender = await create_sender(context, name=evil, email=f"{evil}@example.com", zone="UTC", channel="smtp")
    campaign = await create_campaign(context, name=evil, sender_id=sender.id)
    steps = rival.steps | {"send_option": f"evil_{evil}"}
    await add_step(context, campaign.id, **steps)
    people = await _people(context, PEOPLE)
    given: dict[str, Any] = {"campaignId": campaign.id, "personIds": list(people)}
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(timeout=120, headers={"Authorization": f"Bearer {rival.token}"}) as client:

        async def ask(query: str) -> dict[str, Any]:
            answer = (
                await client.post(f"{rival.url}/graphql", json={"query": query, "variables": {"input": given}})
            ).json()
            assert "errors" not in answer, answer
            found: dict[str, Any] = answer["data"]
            return found

        started = (await ask(START))["startLaunch"]

        async def ask_again_and_again() -> None:
            while time.monotonic() < until:
                await ask(PREVIEW)
                await asyncio.sleep(0.5)

        await asyncio.gather(*(ask_again_and_again() for _ in range(CLIENTS)))
    codes = [error["code"] for error in started["errors"] or ()]
    if started["launch"] is None:
        return "", codes
    launch_id: str = started["launch"]["id"]
    while await Launch.filter(id=launch_id, status=LaunchStatus.RUNNING).exists():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.2)
    return launch_id, codes


async def _judge(row: EvilRow, evil: str, launch_id: str, codes: Sequence[str]) -> None:
    """Compare the launch of the evil option with what it must have become, and its faults with those that are named."""
    health = await PluginHealth.get_or_none(id=f"send_option:evil_{evil}")
    code = None if health is None else health.fault_code
    if code not in EVILS[evil][1]:
        row.wrong.append(f"the fault is {code}: {'' if health is None else health.fault_sentence}")
    left_out: list[str] = []
    if launch_id:
        found = await Launch.get(id=launch_id)
        left_out = await LeftOut.filter(launch_id=launch_id).values_list("code", flat=True)  # type: ignore[assignment]
        if found.enrolled != (PEOPLE if evil in HARMLESS else 0):
            row.wrong.append(f"{found.enrolled} people are enrolled")
        row.lost += PEOPLE - found.enrolled - len(left_out)
    elif evil in HARMLESS:
        row.wrong.append("the launch is refused")
    told = [each for each in await Event.filter(kind="SEND_OPTION_PAUSED") if each.data["option"] == f"evil_{evil}"]
    paused = health is not None and health.pauses > 0
    if len(told) != paused or any(each.data["package"] != "touchline-evil" for each in told):
        row.wrong.append(f"the feed has {len(told)} pauses")
    row.named = named({"health": {code} - {None}, "feed": {each.kind for each in told}, "launch": {*codes, *left_out}})
