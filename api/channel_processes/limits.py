"""The limits of a channel's process, and the errors of channels that exceed them or fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategies.codes import Message

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Limits of the process of a channel."""

    memory_bytes: int = 768 * MEGABYTE
    """Address space in addition to that of an empty process. Enforced on Linux."""
    load_seconds: float = 30.0
    """For loading the package."""
    seconds: Mapping[str, float] = field(
        default_factory=lambda: {
            "connect": 60.0,
            "deliver": 120.0,
            "deliver_many": 120.0,
            "close": 10.0,
            "trouble": 2.0,
        }
    )
    """The longest time of each call. ``deliver`` counts without the time in which it waits for the server."""
    ask_seconds: float = 5.0
    """The longest time of the other calls: ``account``, ``accounts`` and ``sessions``."""
    grace_seconds: float = 5.0
    """How long a call may take to end after its time is over and it is cancelled. Then its process is killed."""

    def of(self, call: str) -> float:
        """Return the longest time of a call, in seconds."""
        return self.seconds.get(call, self.ask_seconds)


class ChannelStoppedError(Exception):
    """The process of a channel has ended, or a call took too long. The channel does not answer the call any more."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.sentence)
        self.message = message
        self.is_reported = False
        """Whether the fault is recorded. All calls of a process that has ended have the same error."""


class ChannelFaultError(Exception):
    """A channel raised an exception in its process, or returned what the contract does not allow.

    The text is the traceback from the process.
    """

    def __init__(self, message: Message, traceback: str) -> None:
        super().__init__(f"in the channel's process:\n{traceback}")
        self.message = message
