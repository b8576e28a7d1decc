"""Functions that the tests call in worker processes."""

import os
import re
import signal
import threading
import time
from typing import Any


def add(a: int, b: int) -> int:
    return a + b


def environment() -> dict[str, str]:
    return dict(os.environ)


def pid() -> int:
    return os.getpid()


def spin() -> None:
    while True:
        pass


def spin_in_c() -> None:
    re.match(r"(a|a)*b", "a" * 40)


def sort_in_c() -> int:
    return len(sorted(range(40_000_000), key=str))


def hang() -> None:
    time.sleep(600)


def eat() -> int:
    return len(bytearray(2_000_000_000))


def eat_slowly() -> int:
    rows: list[Any] = []
    while True:
        rows.append(bytearray(1_000_000))


def long_answer(size: int) -> bytes:
    return b"x" * size


def die_once(path: str) -> str:
    """Be killed the first time, as by an operator or by the kernel when memory ends."""
    if not os.path.exists(path):
        open(path, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(code: str) -> None:
    raise KeyError(code)


class PickyError(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def refuse_pickily() -> None:
    raise PickyError("a", "b")


def wait_for(path: str) -> str:
    while not os.path.exists(path):
        time.sleep(0.005)
    return path


def files() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return found


def work_in_threads(number: int) -> int:
    """Run threads at the same time, and allocate memory in each and after all. Returns how many have run."""
    done = threading.Barrier(number + 1)
    kept: list[bytearray] = []

    def work() -> None:
        kept.append(bytearray(100_000))
        done.wait()

    for _ in range(number):
        threading.Thread(target=work).start()
    done.wait()
    bytearray(50_000_000)
    return len(kept)


def same(value: str) -> str:
    return value


def compute(seconds: float) -> int:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()


KEPT: list[bytearray] = []


def keep(size: int) -> int:
    KEPT.append(bytearray(size))
    return os.getpid()
