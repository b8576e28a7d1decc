"""The environment of dispatch, the result of one pass, and the line that the terminal prints for an email."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from api.clock import Clock
from api.mail.return_address import ReturnAddresses
from api.mail.tracking.signed_urls import TrackingLinks
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.models import Person, Workspace
from api.services.common.crm_environment import CrmEnvironment
from api.services.common.emails.eml_links import EmlLinks
from api.services.common.emails.large_emails import LargeEmails
from api.services.common.emails.recipient import Recipient
from api.services.common.metrics import Metrics
from api.services.common.request_context import WorkspaceContext
from api.store.emails.sent_contents import StoredBases
from plugins.loading.manager import Installed


class TerminalLine(NamedTuple):
    """The line that the terminal prints for one email. It never contains the email's body."""

    workspace: str
    at: datetime
    outcome: str
    recipient: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class DispatchRuntime:
    """The environment of dispatch: plugins, the clock, metrics and callbacks."""

    installed: Installed
    clock: Clock
    unsubscribe_url: Callable[[Person | Recipient], str | None]
    wake: Callable[[], None]
    """Runs the next step here and in other processes, once the change is committed."""
    show: Callable[[TerminalLine], None] = lambda line: None
    lease: timedelta = timedelta(seconds=60)
    """How long a claim is valid unless it is renewed. After a crash, emails wait this long to be claimed again."""
    metrics: Metrics = field(default_factory=Metrics)
    return_addresses: ReturnAddresses | None = None
    """Makes the envelope sender of each email. None: it is the sender's address."""
    unsubscribe_addresses: UnsubscribeAddresses | None = None
    """Makes the address of each email to which its recipient can write to unsubscribe. None: there is none."""
    wake_own_loop: Callable[[], None] = lambda: None
    """Runs the next step of this process, without a notification of other processes."""
    large_emails: LargeEmails = field(default_factory=LargeEmails)
    """Limits how many emails with attachments are in memory at the same time."""
    tracking: TrackingLinks | None = None
    """How tracked URLs are written. None without TOUCHLINE_TRACKING_URL: then no email is tracked."""
    eml_links: EmlLinks | None = None
    """Signs links to download sent emails. None without TOUCHLINE_SECRET."""
    content_days: int | None = None
    """For how many days the contents of sent emails are kept. None: as long as the emails."""
    stored_bases: StoredBases = field(default_factory=dict)
    """The message bases that this process has stored. The outcome writer reads and writes it."""

    crm: CrmEnvironment = field(default_factory=CrmEnvironment)

    def context(self, workspace: Workspace) -> WorkspaceContext:
        """Return the context with which services of a workspace are called."""
        return WorkspaceContext(
            workspace,
            self.installed,
            self.clock,
            self.wake,
            tracks=self.tracking is not None,
            page_link=self.unsubscribe_url,
            copy_address=self._copy_address_of(workspace),
            crm=self.crm,
        )

    def _copy_address_of(self, workspace: Workspace) -> Callable[[str], str | None]:
        """Return the function that makes the addresses for copies of emails that reps send.

        In a sandbox it returns None.
        """
        if self.return_addresses is None or workspace.sandbox:
            return lambda task_id: None
        return self.return_addresses.copy_address


@dataclass(slots=True)
class Counts:
    """The result of one pass: emails by outcome, expired tasks, and released leases."""

    claimed: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    expired_tasks: int = 0
    released: int = 0
    next_at: datetime | None = None
    """When (UTC) the next work is due, as far as is known; None if nothing waits."""

    @property
    def idle(self) -> bool:
        """Whether the pass found nothing to do."""
        return not (self.claimed or self.expired_tasks or self.released)
