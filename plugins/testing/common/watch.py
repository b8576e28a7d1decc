"""Notice what a package's code calls: clocks, files, the network, randomness, and calls that block an event loop.

Python reports every call of a function to ``sys.setprofile``. Calls that C code makes are reported as audit events.
Nothing is replaced, so that the code under test behaves as in the server.
"""

import contextlib
import datetime as dt
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from plugins.testing.common.findings import Rule

_STANDARD_LIBRARY = str(Path(os.__file__).parent)
_OWN = str(Path(__file__).parents[1])
_EVENT_LOOP = os.path.join("asyncio", "events.py")
CLOCKS = frozenset(("time", "monotonic", "perf_counter", "process_time", "thread_time", "sleep"))
"""Functions of the module time. Their names can end in ``_ns``."""
NETWORK_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.bind", "socket.sendto")
PROCESS_EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn")
EVENTS = ("open", *NETWORK_EVENTS, *PROCESS_EVENTS)
LOADING = (
    "<frozen importlib",
    *(f"{os.sep}{name}" for name in (f"zoneinfo{os.sep}", f"importlib{os.sep}", "gettext.py")),
)
"""Code that reads files once and keeps what it has read."""
BLOCKING_SOCKET_CALLS = frozenset(("connect", "recv", "recv_into", "recvfrom", "send", "sendall", "accept"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A call that a rule forbids: what was called, and from where."""

    rule: Rule
    what: str
    where: str
    path_read: str = ""
    """The path of a file that was read. Reading data once and keeping it is allowed."""


_watches: list["Watch"] = []
_is_hooked = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watches and event.startswith(EVENTS):  # sys._getframe() makes an event as well
        for watch in _watches:
            watch.audit(event, arguments)


class Watch:
    """Collects sightings while it is open. One watch can be opened again and again."""

    def __init__(self, *, blocking: bool = False) -> None:
        self.seen: list[Sighting] = []
        self._blocking = blocking
        self._is_looking = False

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look at all calls that this thread makes inside the block."""
        global _is_hooked  # noqa: PLW0603 - Python cannot remove an audit hook
        if not _is_hooked:
            sys.addaudithook(_audit)
            _is_hooked = True
        before = sys.getprofile()
        _watches.append(self)
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(before)
            _watches.remove(self)

    def _profile(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            sighting = self._blocking_call(frame, called) if self._blocking else self._impure_call(frame, called)
            if sighting is not None:
                self._add(frame, *sighting)
        elif event == "call" and not self._blocking and frame.f_code is _SEED and frame.f_locals.get("a") is None:
            self._add(frame, Rule.RANDOMNESS, "random.Random() without a seed")

    def _impure_call(self, frame: FrameType, called: Any) -> tuple[Rule, str] | None:
        owner, name = getattr(called, "__self__", None), called.__name__
        if called is hash and frame.f_code.co_name != "__hash__" and not _is_library(frame.f_code.co_filename):
            return Rule.RANDOMNESS, "hash(), which gives a text another number in each process"
        if owner is time and name.removesuffix("_ns") in CLOCKS:
            return Rule.CLOCK, f"time.{name}()"
        if isinstance(owner, type) and issubclass(owner, dt.date) and name in {"now", "utcnow", "today"}:
            return Rule.CLOCK, f"{owner.__name__}.{name}()"
        if owner is _SHARED_RANDOM:
            return Rule.RANDOMNESS, f"random.{name}()"
        if name in {"urandom", "getrandom"} and getattr(called, "__module__", "") in {"posix", "nt"}:
            return Rule.RANDOMNESS, f"os.{name}()"
        return None

    def _blocking_call(self, frame: FrameType, called: Any) -> tuple[Rule, str] | None:
        owner: Any = getattr(called, "__self__", None)
        name = called.__name__
        if owner is time and name == "sleep":
            return Rule.BLOCKING, "time.sleep()"
        if name in BLOCKING_SOCKET_CALLS and hasattr(owner, "gettimeout") and owner.gettimeout() != 0:
            return Rule.BLOCKING, f"socket.{name}()"
        if frame.f_code is _POLL:
            return None
        if name in {"waitpid", "system"} and getattr(called, "__module__", "") in {"posix", "nt"}:
            return Rule.BLOCKING, f"os.{name}()"
        return None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event of Python."""
        if self._blocking or self._is_looking or sys.getprofile() != self._profile:
            return
        frame = sys._getframe(2)
        if event == "open":
            self._file(frame, *arguments[:3])
        elif event.startswith(NETWORK_EVENTS):
            self._add(frame, Rule.NETWORK, event)
        elif event.startswith(PROCESS_EVENTS):
            self._add(frame, Rule.FILES, f"{event}, which starts a program")

    def _file(self, frame: FrameType, path: Any, mode: Any, flags: Any) -> None:
        if any(word in each.f_code.co_filename for each in _frames(frame) for word in LOADING):
            return
        writes = any(sign in str(mode or "") for sign in "wax+") or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))
        what = f"open({str(path)!r:.80})"
        self._add(frame, Rule.FILES, what, "" if writes else str(path))

    def _add(self, frame: FrameType, rule: Rule, what: str, path_read: str = "") -> None:
        self._is_looking = True
        try:
            if f"{os.sep}hypothesis{os.sep}" in frame.f_code.co_filename:
                return  # it measures garbage collection, which can run at any moment
            where = next((each for each in _frames(frame) if not _is_library(each.f_code.co_filename)), None)
            if where is not None:
                place = f"{Path(where.f_code.co_filename).name}, line {where.f_lineno}"
                self.seen.append(Sighting(rule, what, place, path_read))
        finally:
            self._is_looking = False


_SHARED_RANDOM: Any = getattr(random, "_inst", None)
_SEED: Any = random.Random.seed.__code__
_POLL: Any = getattr(getattr(subprocess.Popen, "_internal_poll", None), "__code__", None)
"""Asks whether a program has ended, without waiting. A new Popen asks this of all that were left running before."""


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of a call, up to the kit's own, or to the event loop that runs it."""
    while frame is not None and not frame.f_code.co_filename.endswith(("recorder.py", _EVENT_LOOP)):
        yield frame
        frame = frame.f_back


def _is_library(path: str) -> bool:
    if path.startswith((_OWN, "<frozen")):
        return True
    return path.startswith(_STANDARD_LIBRARY) and "site-packages" not in path
