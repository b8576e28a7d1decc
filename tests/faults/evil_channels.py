"""Channels of a package that misbehave, beside one that works, in a server under load: what they do to the others."""

import asyncio
import time
from collections import Counter
from pathlib import Path

from api.models import Event, PluginHealth, Send
from tests.channel_processes.installing import EVIL
from tests.faults.evil_row import EvilRow, named
from tests.faults.rival import Rival, rival_of
from tests.faults.sink import Sink

EVILS = {
    "sleep": "sleeps 60 s in its event loop",
    "wait": "waits 60 s",
    "spin": "runs in an endless loop",
    "recurse": "recurses without an end",
    "exit": "raises `SystemExit`",
    "interrupt": "raises `KeyboardInterrupt`",
    "die": "ends its process",
    "crash": "crashes in C code",
    "eat": "allocates 1 GB",
    "print": "prints 20,000 lines for each email",
    "cancel": "cancels its task",
    "nonsense": "returns a dictionary",
    "odd": "returns a receipt that cannot be read",
}
EVIL_EMAILS = 10
PACKAGE = "touchline-evil-channel"
HARMLESS = frozenset({"print"})
"""Evils that only make their own emails late."""
NAMED_SECONDS = 60.0
NAMING = ("ACCOUNT_PAUSED", "EMAIL_DEFERRED", "EMAIL_IN_DOUBT")


async def harmless(url: str, seconds: float) -> list[EvilRow]:
    """Let each evil run beside other emails and requests for some seconds. Returns a row for each."""
    rows: dict[str, EvilRow] = {}
    campaigns: dict[str, list[str]] = {}
    async with Sink().running() as sink, rival_of(url, sink, EVIL) as (rival, log):
        usual = await rival.usual(seconds)
        for evil, what in EVILS.items():
            campaigns[evil] = await _launch(rival, evil)
            measured = await rival.measure(seconds)
            database = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
            rows[evil] = EvilRow(what, database, usual, measured.period, (), measured.lost, measured.twice)
        await _wait_for_names()
        for evil, row in rows.items():
            await _judge(row, evil, campaigns[evil], log)
    return list(rows.values())


async def _launch(rival: Rival, evil: str) -> list[str]:
    """Launch emails of an evil that strikes before its permission to transmit, and of one that strikes after it."""
    campaigns = [
        await rival.sender(f"{evil}-{where}", f"evil_{evil}", {"evil": evil, "where": where})
        for where in ("before", "after")
    ]
    for campaign in campaigns:
        await rival.launch(campaign, EVIL_EMAILS)
    return campaigns


async def _wait_for_names() -> None:
    """Wait until the feed names the package of each evil. Those that hang are named after their time limit."""
    unnamed, until = set(EVILS) - HARMLESS, time.monotonic() + NAMED_SECONDS
    while unnamed and time.monotonic() < until:
        await asyncio.sleep(1)
        unnamed = {evil for evil in unnamed if not await _named(evil)}


async def _named(evil: str) -> set[str]:
    """Return the events of the feed that name the package of an evil."""
    found = await Event.filter(kind__in=NAMING)
    mine = [each for each in found if each.data.get("channel") == f"evil_{evil}"]
    return {str(each.kind) for each in mine if each.data["package"] == PACKAGE}


async def _judge(row: EvilRow, evil: str, campaigns: list[str], log: Path) -> None:
    """Hold the evil's emails against what it has transmitted: none twice, none lost, no doubt before a permission."""
    before, after = [
        await Send.filter(enrollment__campaign_id=campaign).prefetch_related("person") for campaign in campaigns
    ]
    sent = Counter(line.partition(" ")[0] for line in await asyncio.to_thread(_lines, log) if line)
    row.twice += sum(sent[each.person.email] > 1 for each in (*before, *after))
    row.lost += sum(each.status == "SENT" and not sent[each.person.email] for each in (*before, *after))
    if any(each.status == "IN_DOUBT" for each in before):
        row.wrong.append("an email is in doubt before its permission")
    events = await _named(evil)
    if not events and evil not in HARMLESS:
        row.wrong.append("the feed does not name the package")
    health = await PluginHealth.get_or_none(id=f"channel:evil_{evil}")
    reasons = {each.reason for each in (*before, *after) if each.reason}
    row.named = named({"health": {health.fault_code} if health else set(), "feed": events, "emails": reasons})


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").split("\n") if log.exists() else []
