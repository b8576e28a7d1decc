"""What the lanes of accounts ask of the dispatch."""

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Protocol

from api.services.dispatch.send.attempt import Job
from plugins.contract import Receipt

if TYPE_CHECKING:
    from api.services.dispatch.send.account_worker import Lane


class Office(Protocol):
    """What a lane asks of the dispatch: to write what it reports, and to be told of trouble."""

    def begin(self, job: Job) -> Awaitable[bool]:
        """Commit that the email is about to leave, and mark it so; False when it may not."""

    def settle(self, job: Job, receipt: Receipt) -> Awaitable[bool]:
        """Record what became of the email, at once or with what comes next."""

    async def pause(self, lane: "Lane", trouble: Receipt) -> None:
        """Let the account wait."""

    async def works(self, lane: "Lane") -> None:
        """Note that the account works."""

    async def ours(self, jobs: Sequence[Job]) -> set[str]:
        """Return the ids of those emails that are still claimed for their attempts."""

    def forget(self, jobs: Sequence[Job]) -> None:
        """Renew the leases of these no longer."""

    def wake(self) -> None:
        """Claim more."""
