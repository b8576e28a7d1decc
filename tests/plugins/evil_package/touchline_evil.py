"""Send options that do harm, one for each kind. The fault tests run a server with them."""

import ctypes
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import time as wall_time
from typing import Any

from touchline.partners import Availability, Position, SendAt, SendOption, StepContext, hookimpl

_answers = itertools.count()
_kept: list[bytearray] = []


def sleep() -> None:
    """Sleep for a minute."""
    time.sleep(60)


def loop() -> None:
    """Never end."""
    while True:
        pass


def loop_in_c() -> None:
    """Never end, in C code that no signal handler of Python interrupts."""
    re.match(r"(a|a)*b", "a" * 50)


def recurse() -> None:
    """Call itself without end."""
    recurse()


def leave() -> None:
    """Raise SystemExit."""
    raise SystemExit(3)


def interrupt() -> None:
    """Raise KeyboardInterrupt."""
    raise KeyboardInterrupt


def end_process() -> None:
    """End the process without an exception."""
    os._exit(3)


def crash() -> None:
    """Read memory that does not exist."""
    ctypes.string_at(0)


def eat() -> None:
    """Keep a gigabyte."""
    _kept.append(bytearray(1_000_000_000))


def leave_threads() -> None:
    """Start a thread and a process that work for ever."""
    threading.Thread(target=loop, daemon=True).start()
    subprocess.Popen([sys.executable, "-c", "while True: pass"])


def idle() -> None:
    """Start a thread that waits for ever."""
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def start_process() -> None:
    """Start a process that waits for ever."""
    subprocess.Popen(["sleep", "infinity"])


EVILS: dict[str, Callable[[], None]] = {
    "sleeps": sleep,
    "loops": loop,
    "loops_in_c": loop_in_c,
    "recurses": recurse,
    "exits": leave,
    "interrupts": interrupt,
    "ends_process": end_process,
    "crashes": crash,
    "eats": eat,
    "leaves_threads": leave_threads,
    "idles": idle,
    "starts_processes": start_process,
}


class Evil(SendOption):
    """Does harm in ``resolve``, and in the call that its configuration names."""

    help = {"en": "Does harm."}
    config_schema = {"type": "object", "properties": {"person": {"type": "string"}, "list": {"type": "array"}}}

    def __init__(self, name: str, evil: Callable[[], None]) -> None:
        self.key, self.labels, self.evil = f"evil_{name}", {"en": name}, evil

    def availability(self, position: Position) -> Availability:
        """Offer it everywhere."""
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        """Do harm, then answer as a good option does."""
        self.evil()
        return SendAt(step.date, wall_time(9))


class Fickle(Evil):
    """Gives another answer each time."""

    def resolve(self, step: StepContext) -> SendAt:
        """Count the answers."""
        return SendAt(step.date, wall_time(9, next(_answers) % 60))


class Mutating(Evil):
    """Changes what it is given."""

    def resolve(self, step: StepContext) -> SendAt:
        """Send each email an hour later than the last, if the change stays."""
        config: Any = step.config
        config.setdefault("list", []).append(1)
        return SendAt(step.date, wall_time(8 + len(config["list"])))


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register an option for each kind of harm."""
    evils = [Evil(name, evil) for name, evil in EVILS.items()]
    return [*evils, Fickle("is_fickle", lambda: None), Mutating("mutates", lambda: None)]
