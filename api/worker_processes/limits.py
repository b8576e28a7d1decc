"""The limits of a call in a worker process, and the errors of calls that exceed them."""

from dataclasses import dataclass
from enum import StrEnum

MEGABYTE = 1_000_000
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""Environment of a process with a memory limit. Otherwise glibc reserves 64 MB of address space for each thread, which
the limit counts."""


class Limit(StrEnum):
    """The limit that a call exceeded."""

    CPU = "CPU"
    TIME = "TIME"
    MEMORY = "MEMORY"
    OUTPUT = "OUTPUT"
    CRASH = "CRASH"


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources that one call may use."""

    cpu_seconds: float = 1.0
    """CPU time. This limit does not depend on the load of the machine."""
    wall_seconds: float = 30.0
    """Time from the start of the call to its result. It stops a worker that hangs without using the CPU."""
    memory_bytes: int = 256 * MEGABYTE
    """Memory in addition to what the worker uses before the call. Enforced on systems with RLIMIT_AS and /proc."""
    output_bytes: int = 32 * MEGABYTE
    """Size of the pickled result."""

    def sentence(self, limit: Limit) -> str:
        """Return a sentence that says which limit was exceeded, with its value."""
        match limit:
            case Limit.CPU:
                return f"It needs more than {self.cpu_seconds:g} s of CPU time."
            case Limit.TIME:
                return f"It takes more than {self.wall_seconds:g} s."
            case Limit.MEMORY:
                return f"It needs more than {self.memory_bytes // MEGABYTE:,} MB of memory."
            case Limit.OUTPUT:
                return f"Its result has more than {self.output_bytes // MEGABYTE:,} MB."
            case Limit.CRASH:
                return "It crashes the process that runs it."


DEFAULT_LIMITS = Limits()


class LimitExceededError(Exception):
    """A call exceeded one of its limits. A retry exceeds it again, except for ``Limit.TIME``.

    ``mark`` is the last one that the function left by ``marks.leave``, or empty.
    """

    def __init__(self, limit: Limit, limits: Limits = DEFAULT_LIMITS, mark: bytes = b"") -> None:
        super().__init__(limits.sentence(limit))
        self.limit = limit
        self.limits = limits
        self.mark = mark


class WorkersBusyError(Exception):
    """Too many calls are waiting. The call was not queued and may be retried later."""


class WorkersClosedError(Exception):
    """The pool was closed before the call had a result."""


class WorkerFaultError(Exception):
    """A function raised an exception that cannot be pickled. The message is the worker's traceback."""
