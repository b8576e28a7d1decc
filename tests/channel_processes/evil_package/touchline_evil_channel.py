"""A channel that misbehaves as its sender's configuration says, and one that works."""

import asyncio
import ctypes
import os
import sys
import time
from contextlib import asynccontextmanager

from touchline.partners import AccountUnavailableError, Channel, Outcome, Receipt, Session, hookimpl

GIGABYTE = 1_000_000_000


def recurse(depth=0):
    return recurse(depth + 1) + 1


def spin():
    while True:
        pass


class OddReceipt(Receipt):
    """Its answers cannot be read."""

    def __getattribute__(self, name):
        raise RuntimeError("unreadable")


def first():
    """Fail the first time only."""
    marker = os.environ["EVIL_LOG"] + ".first"
    if not os.path.exists(marker):
        open(marker, "w").close()
        raise RuntimeError("not yet")


NONSENSE = {"nonsense": {"outcome": "SENT"}, "odd": OddReceipt(Outcome.SENT, "OK", "Sent.")}
EVILS = {
    "first": first,
    "sleep": lambda: time.sleep(60),
    "spin": spin,
    "recurse": recurse,
    "exit": lambda: sys.exit("bye"),
    "interrupt": lambda: exec("raise KeyboardInterrupt"),
    "die": lambda: os._exit(3),
    "crash": lambda: ctypes.string_at(0),
    "eat": lambda: len(bytearray(GIGABYTE)),
    "print": lambda: [print("x" * 80) for _ in range(20_000)],
}


class EvilSession(Session):
    def __init__(self, evil, before, log):
        self.evil, self.before, self.log = evil, before, log

    async def misbehave(self):
        if self.evil == "wait":
            await asyncio.sleep(60)
        elif self.evil == "cancel":
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        elif self.evil in EVILS:
            EVILS[self.evil]()

    async def deliver(self, outgoing, about_to_transmit):
        if self.before:
            await self.misbehave()
            if self.evil in NONSENSE:
                return NONSENSE[self.evil]
        if not await about_to_transmit():
            return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "It was withdrawn.")
        with open(self.log, "a", encoding="utf-8") as file:  # noqa: ASYNC230 - a partner may block
            file.write(f"{outgoing.recipient} {outgoing.email.subject}\n")
        if not self.before:
            await self.misbehave()
        if self.evil in NONSENSE:
            return NONSENSE[self.evil]
        return Receipt(Outcome.SENT, "OK", f"Sent by {os.getpid()}.")

    async def deliver_many(self, outgoing, about_to_transmit):
        allowed = await about_to_transmit()
        with open(self.log, "a", encoding="utf-8") as file:  # noqa: ASYNC230 - a partner may block
            file.write(" ".join(each.recipient for each in outgoing if each.send_id in allowed) + "\n")
        await self.misbehave()
        withdrawn = Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "It was withdrawn.")
        sent = Receipt(Outcome.SENT, "OK", "Sent.")
        return [sent if each.send_id in allowed else withdrawn for each in outgoing]


class EvilChannel(Channel):
    key = "evil"
    labels = {"en": "Evil"}
    config_schema = {"type": "object"}

    def __init__(self, environment):
        self.log = environment.get("EVIL_LOG", os.devnull)

    def account(self, config):
        if config.get("where") == "account":
            EVILS[config["evil"]]()
        return f"{self.key}:{config.get('evil', 'good')}:{config.get('where', '')}"

    def sessions(self, config):
        return config.get("sessions", 1)

    async def trouble(self):
        return EVILS["sleep"]() if "EVIL_TROUBLE" in os.environ else None

    @asynccontextmanager
    async def connect(self, config):
        if config.get("where") == "connect":
            EVILS[config["evil"]]()
        if config.get("evil") == "closed":
            raise AccountUnavailableError("CLOSED", "The account is closed.", retry_after=7200)
        yield EvilSession(config.get("evil"), config.get("where") == "before", self.log)


class BatchChannel(EvilChannel):
    key = "evil_batch"
    batch_size = 10


def one_per_evil(environment):
    """Return a channel for each evil, because a channel that fails too often is not asked."""
    for name in (*EVILS, *NONSENSE, "wait", "cancel"):
        yield type(f"Evil{name.title()}", (EvilChannel,), {"key": f"evil_{name}"})(environment)


@hookimpl
def touchline_register_channels(environment):
    every = one_per_evil(environment) if "EVIL_EACH" in environment else ()
    return [EvilChannel(environment), BatchChannel(environment), *every]
