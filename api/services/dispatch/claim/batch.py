"""Claims of one sender with the rows that they need, each loaded once; each is checked and written as it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from api.mail.domains import blocking_domain
from api.mail.message.message import message_id
from api.mail.message.writing import Order, Written
from api.models import Workspace
from api.services.common.live_steps import STEP_REMOVED
from api.services.common.recipient import Recipient
from api.services.common.runtime import DispatchRuntime
from api.services.dispatch.claim.batch_rendering import SlowEmails
from api.services.dispatch.send_outcome import BUSY
from api.services.people.reachability import blocked_sentence
from api.services.replies.bounces import dead_address
from api.services.templates.email_content import Library, fields_of
from api.services.workspaces.accounts import may_use, not_allowed
from api.states import MAY_GET_EMAILS
from api.store.claimed import Claimed
from api.store.enrollments import statuses
from api.store.people import recipients
from api.workers.limits import WorkersBusyError
from plugins.contract import Outcome, Receipt
from strategies.calendar import local

LOOK_AGAIN = timedelta(seconds=2)
"""How long a follow-up waits for an email that is about to leave."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims of one sender, made at ``now`` (UTC; virtual in a sandbox)."""

    runtime: DispatchRuntime
    now: datetime
    workspace: Workspace
    blocked: frozenset[str]
    sender: Mapping[str, Any]
    people: Mapping[str, Recipient]
    enrollments: Mapping[str, str]
    library: Library
    account: str
    """The account through which the emails leave."""
    slow: SlowEmails = field(init=False)

    def __post_init__(self) -> None:
        """Have somebody who writes the emails."""
        object.__setattr__(self, "slow", SlowEmails(str(self.workspace.id), self.order))

    @classmethod
    async def load(
        cls, runtime: DispatchRuntime, now: datetime, sender: Mapping[str, Any], sends: Sequence[Claimed], account: str
    ) -> "Batch":
        """Load what the claims need."""
        people = await recipients([send.person_id for send in sends])
        workspace = await Workspace.get(id=sender["workspace_id"])
        batch = cls(
            runtime,
            now,
            workspace,
            frozenset(workspace.blocked_domains),
            sender,
            {row["id"]: Recipient(*row.values()) for row in people},
            await statuses([send.enrollment_id for send in sends]),
            await Library.load([send.step_id for send in sends], [send.enrollment_id for send in sends]),
            account,
        )
        batch.slow.expect(sends)
        return batch

    def message_id(self, send: Claimed) -> str:
        """Return the email's Message-ID: that of its first attempt, also where its sender has moved since."""
        return send.message_id or message_id(send.id, self.sender["email"])

    def recipient(self, send: Claimed) -> str:
        """Return the address that the email is written to."""
        return self.people[send.person_id].email

    def refused(self, send: Claimed) -> Receipt | None:
        """Ask again whether this email may go out: what was true at launch may have changed."""
        if not may_use(self.workspace, self.account):
            return Receipt(Outcome.FAILED, "ACCOUNT_NOT_ALLOWED", not_allowed(self.account))
        person = self.people[send.person_id]
        if person.unsubscribed:
            return Receipt(Outcome.FAILED, "UNSUBSCRIBED", f"{person.email} has unsubscribed.")
        if self.enrollments[send.enrollment_id] not in MAY_GET_EMAILS:
            return Receipt(Outcome.FAILED, "CAMPAIGN_ENDED", "The campaign has ended for this person.")
        if self.library.steps[send.step_id].removed_at is not None:
            return Receipt(Outcome.FAILED, "STEP_REMOVED", STEP_REMOVED)
        if person.bounced:
            return Receipt(Outcome.FAILED, "BOUNCED", dead_address(person.email))
        if domain := blocking_domain(person.email, self.blocked):
            return Receipt(Outcome.FAILED, "BLOCKED_DOMAIN", blocked_sentence(domain))
        return None

    def waits_until(self, send: Claimed) -> datetime | None:
        """Return when a follow-up is to be looked at again that was claimed before the email that it follows has left.

        None where it may leave. A sandbox stands still until all that is due has left: there it is due at once.
        """
        first = self.library.waits_for(self.library.steps[send.step_id], send.enrollment_id)
        if first is None:
            return None
        return max(first.due_at, self.look_again(send))

    def look_again(self, send: Claimed) -> datetime:
        """Return when to look again at an email that cannot leave yet."""
        return self.now if send.sandbox else self.now + LOOK_AGAIN

    async def write(self, send: Claimed) -> Written | Receipt:
        """Check, render and build one email; a Receipt says why it must not leave, or not yet."""
        if refused := self.refused(send):
            return refused
        try:
            made = await self.slow.write(send)
        except WorkersBusyError:
            return BUSY
        return made if isinstance(made, Written) else Receipt(Outcome.FAILED, made.code, made.detail)

    def order(self, send: Claimed) -> Order:
        """Return what an email is written from."""
        person, step = self.people[send.person_id], self.library.steps[send.step_id]
        sender_name, sender_email = self.sender["name"], self.sender["email"]
        return Order(
            send_id=send.id,
            message_id=self.message_id(send),
            content=self.library.written(step, send),
            fields=fields_of(person, sender_name, sender_email),
            now=local(self.now, send.zone),
            earlier=self.library.earlier(step, send.enrollment_id),
            sender_name=sender_name,
            sender_address=sender_email,
            to_name=f"{person.first_name} {person.last_name}".strip(),
            to_address=person.email,
            unsubscribe_url=self.runtime.unsubscribe_url(person),
        )
