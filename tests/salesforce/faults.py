"""Faults that a test scripts, or draws at random: each says at which call it happens, and how often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.salesforce.errors import ApiError

LOCKED_ROW = ApiError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


class FaultKind(StrEnum):
    """What goes wrong."""

    SESSION_EXPIRES = "SESSION_EXPIRES"
    """The access token stops working: 401 INVALID_SESSION_ID. A new one works."""
    ANSWER = "ANSWER"
    """The request is not carried out, and gets this status and body."""
    DROP_BEFORE = "DROP_BEFORE"
    """The connection breaks before the request is carried out."""
    DROP_AFTER = "DROP_AFTER"
    """The request is carried out, and the connection breaks before the answer."""
    HANG_BEFORE = "HANG_BEFORE"
    """The request is never carried out and never answered."""
    HANG_AFTER = "HANG_AFTER"
    """The request is carried out and never answered."""
    LATE = "LATE"
    """The request is never answered. A test carries it out later with ``SalesforceServer.carry_out_late``."""
    TRUNCATE = "TRUNCATE"
    """The request is carried out, and the connection breaks in the middle of the answer."""
    GARBAGE = "GARBAGE"
    """The request is carried out, and the answer is the page of a proxy."""
    HUGE = "HUGE"
    """The request is carried out, and the answer has 50 MB."""
    SLOW = "SLOW"
    """The request is carried out, and the answer comes byte by byte, for ever."""
    FAIL_ROWS = "FAIL_ROWS"
    """Some records of a collection are not saved, with this error."""


@dataclass
class Fault:
    """One fault."""

    kind: FaultKind
    on: str = ""
    """The kind of call, such as "collection_upsert". Empty: any call but those of OAuth."""
    skip: int = 0
    """How many calls of the kind go well before."""
    times: int = 1
    """How many calls have the fault."""
    rows: tuple[int, ...] = (0,)
    error: ApiError = field(default_factory=lambda: LOCKED_ROW)
    status: int = 500
    body: Any = None


UNAVAILABLE = Fault(
    FaultKind.ANSWER,
    status=503,
    body=[{"message": "Server is currently unavailable", "errorCode": "SERVER_UNAVAILABLE"}],
)
BROKEN = Fault(
    FaultKind.ANSWER,
    status=500,
    body=[{"message": "An unexpected error occurred. ErrorId: 1234-5678 (-90)", "errorCode": "UNKNOWN_EXCEPTION"}],
)
LIMIT_EXCEEDED = Fault(
    FaultKind.ANSWER,
    status=403,
    body=[{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
)
MAINTENANCE = ApiError(
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
    "Updates can't be made during maintenance. Try again when the maintenance is complete.",
)
"""https://help.salesforce.com/s/articleView?id=000386002 (read-only mode)"""


class Faults:
    """The faults that are still to come. ``choose`` draws further ones, for machines with random faults."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.choose: Callable[[str], Fault | None] | None = None
        self.happened: list[tuple[FaultKind, str]] = []

    def add(self, fault: Fault | FaultKind, **values: Any) -> None:
        """Script a fault: one of the above with other values, or a new one."""
        given = {"kind": fault} if isinstance(fault, FaultKind) else vars(fault)
        self.waiting.append(Fault(**(given | values)))

    def clear(self) -> None:
        """Forget all faults."""
        self.waiting.clear()
        self.choose = None

    def take(self, kind: str) -> Fault | None:
        """Return the fault of this call."""
        if not (found := self._scripted(kind)) and self.choose:
            found = self.choose(kind)
        if found:
            self.happened.append((found.kind, kind))
        return found

    def _scripted(self, kind: str) -> Fault | None:
        for fault in self.waiting:
            if fault.on != kind and (fault.on or kind in {"token", "revoke", "authorize"}):
                continue
            if fault.skip:
                fault.skip -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            return fault
        return None
