"""One pass of the tick loop: claim what is due, check it again, render it, deliver it, record what became of it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.clock import Clock
from api.mail.message import Composed, Earlier, MessageProblem, build, message_id
from api.mail.render import TemplateProblem, UnresolvedFieldError
from api.models import Enrollment, Event, Person, Send, Sender, Step, Workspace
from api.services.content import compose_step, earlier_of
from api.services.progress import finish_if_done
from api.services.scope import Scope
from api.services.tasks import email_went_out, expire_tasks
from api.states import EnrollmentStatus, SendStatus
from api.store import ledger
from api.store.events import event, write
from api.store.rows import by_ids
from api.store.transactions import transaction
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.manager import Installed
from strategies.calendar import local

log = logging.getLogger("touchline.dispatch")

BATCH = 100
ACCOUNT_PAUSE = timedelta(minutes=1)
RETRY_AFTER = (
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
RETRY_THEN = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=4)
SANDBOX_CHANNEL = "record"


@dataclass(slots=True)
class Counts:
    """What one pass did: emails by outcome, tasks that expired, and leases that were given back."""

    claimed: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    expired_tasks: int = 0
    released: int = 0

    @property
    def idle(self) -> bool:
        """Whether the pass found nothing to do."""
        return not (self.claimed or self.expired_tasks or self.released)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the terminal shows of one email: never its content."""

    at: datetime
    outcome: str
    recipient: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Post:
    """What a dispatch needs from its surroundings."""

    installed: Installed
    clock: Clock
    unsubscribe_url: Callable[[Person], str | None]
    wake: Callable[[], None]
    show: Callable[[Delivered], None] = lambda delivered: None

    def scope(self, workspace: Workspace) -> Scope:
        """Return the scope in which a workspace's rules run."""
        return Scope(workspace, self.installed, self.clock, self.wake)


async def run_once(post: Post, now: datetime, sandbox: Workspace | None = None) -> Counts:
    """Do one pass at ``now`` (UTC): for all real workspaces, or for one sandbox, from which nothing leaves."""
    counts = Counts()
    counts.released, doubted = await ledger.expired_leases(post.clock())
    for send in doubted:
        await write([_event(send, "EMAIL_IN_DOUBT", now, "IN_DOUBT")])
    for workspace in [sandbox] if sandbox else await Workspace.filter(sandbox=False):
        counts.expired_tasks += await expire_tasks(post.scope(workspace), now)
    attempt, sends = await ledger.claim(now, post.clock(), BATCH, sandbox.id if sandbox else None)
    counts.claimed = len(sends)
    if not sends:
        return counts
    batch = await Batch.load(post, now, attempt, sends)
    accounts: dict[tuple[str, str], list[Send]] = defaultdict(list)
    for send in sends:
        accounts[batch.account(send)].append(send)
    # Accounts go side by side, so that one slow server delays nobody else; emails of one account keep their order.
    for outcomes in await asyncio.gather(*(batch.deliver_all(waiting) for waiting in accounts.values())):
        for outcome in outcomes:
            counts.by_outcome[outcome] = counts.by_outcome.get(outcome, 0) + 1
    return counts


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed sends with the rows that they need, each loaded once."""

    post: Post
    now: datetime
    attempt: str
    workspaces: Mapping[str, Workspace]
    enrollments: Mapping[str, Enrollment]
    people: dict[str, Person]
    senders: Mapping[str, Sender]
    steps: Mapping[str, Step]

    @classmethod
    async def load(cls, post: Post, now: datetime, attempt: str, sends: list[Send]) -> "Batch":
        """Load what the sends need, workspace by workspace."""
        workspaces = {row.id: row for row in await Workspace.filter(id__in={send.workspace_id for send in sends})}
        enrollments: dict[str, Enrollment] = {}
        people: dict[str, Person] = {}
        senders: dict[str, Sender] = {}
        steps: dict[str, Step] = {}
        for workspace_id in workspaces:
            own = [send for send in sends if send.workspace_id == workspace_id]
            enrollments.update(await by_ids(Enrollment, workspace_id, [send.enrollment_id for send in own]))
            people.update(await by_ids(Person, workspace_id, [send.person_id for send in own]))
            senders.update(await by_ids(Sender, workspace_id, [send.sender_id for send in own]))
            steps.update(await by_ids(Step, workspace_id, [send.step_id for send in own]))
        return cls(post, now, attempt, workspaces, enrollments, people, senders, steps)

    def channel(self, send: Send) -> Channel | None:
        """Return the channel that carries a send; None when it is not installed."""
        key = SANDBOX_CHANNEL if send.sandbox else self.senders[send.sender_id].channel
        return self.post.installed.channels.get(key)

    def account(self, send: Send) -> tuple[str, str]:
        """Name the account that a send goes through."""
        channel, sender = self.channel(send), self.senders[send.sender_id]
        return (channel.key, channel.account(sender.channel_config)) if channel else ("", sender.channel)

    async def deliver_all(self, sends: list[Send]) -> list[str]:
        """Deliver the sends of one account, one after the other. Returns what became of each."""
        channel, sender = self.channel(sends[0]), self.senders[sends[0].sender_id]
        if channel is None:
            receipt = Receipt(Outcome.FAILED, "CHANNEL_NOT_INSTALLED", f"No channel {sender.channel!r} is installed.")
            return [await self._record(send, receipt, "") for send in sends]
        try:
            async with channel.connect({} if sends[0].sandbox else sender.channel_config) as session:
                return [await self._deliver(session, send) for send in sends]
        except AccountUnavailableError as trouble:
            receipt = Receipt(Outcome.ACCOUNT_UNAVAILABLE, trouble.code, trouble.detail)
            return [await self._record(send, receipt, "") for send in sends]

    async def _hand_over(self, session: Session, send: Send, message: bytes) -> Receipt:
        """Give an email to its channel. What a channel breaks is no reason to lose an email, or to send it twice."""
        transmitting = False

        async def about_to_transmit() -> bool:
            nonlocal transmitting
            transmitting = await ledger.begin_transmission(send, self.attempt)
            return transmitting

        sender, person = self.senders[send.sender_id], self.people[send.person_id]
        try:
            outgoing = Outgoing(send.id, sender.email, person.email, message)
            return await session.deliver(outgoing, about_to_transmit)
        except Exception:
            log.exception("the channel %s broke while it delivered %s", sender.channel, send.id)
            outcome = Outcome.IN_DOUBT if transmitting else Outcome.ACCOUNT_UNAVAILABLE
            return Receipt(
                outcome, "CHANNEL_BROKE", "The channel failed in a way that it did not foresee; see the log."
            )

    async def _deliver(self, session: Session, send: Send) -> str:
        if refused := await self._refused(send):
            return await self._record(send, refused, "")
        person, sender, step = self.people[send.person_id], self.senders[send.sender_id], self.steps[send.step_id]
        earlier = await earlier_of(step, send.enrollment_id)
        try:
            composed = await compose_step(step, person, sender, earlier, send)
            message = self._message(send, composed, earlier)
        except UnresolvedFieldError as problem:
            detail = f"The dynamic field {problem.field} has no value for this person."
            return await self._record(send, Receipt(Outcome.FAILED, "UNRESOLVED_FIELD", detail), "")
        except (TemplateProblem, MessageProblem) as problem:
            return await self._record(send, Receipt(Outcome.FAILED, "INVALID_MESSAGE", str(problem)), "")

        return await self._record(send, await self._hand_over(session, send, message), composed.subject)

    async def _refused(self, send: Send) -> Receipt | None:
        """Ask again whether this email may go out: what was true at launch may have changed."""
        enrollment = await Enrollment.get(id=send.enrollment_id)
        person = self.people[send.person_id] = await Person.get(id=send.person_id)
        if person.unsubscribed_at is not None:
            return Receipt(Outcome.FAILED, "UNSUBSCRIBED", "The person has unsubscribed.")
        if enrollment.status not in {EnrollmentStatus.ACTIVE, EnrollmentStatus.FINISHED}:
            return Receipt(Outcome.FAILED, "CAMPAIGN_ENDED", "The campaign has ended for this person.")
        domain = person.email.rpartition("@")[2].lower()
        if domain in self.workspaces[send.workspace_id].blocked_domains:
            return Receipt(Outcome.FAILED, "BLOCKED_DOMAIN", f"This workspace sends nothing to {domain}.")
        return None

    def _message(self, send: Send, composed: Composed, earlier: Earlier | None) -> bytes:
        person, sender = self.people[send.person_id], self.senders[send.sender_id]
        return build(
            send_id=send.id,
            composed=composed,
            sender_name=sender.name,
            sender_address=sender.email,
            to_name=f"{person.first_name} {person.last_name}".strip(),
            to_address=person.email,
            date=local(self.now, send.zone),
            earlier=earlier,
            unsubscribe_url=self.post.unsubscribe_url(person),
        )

    async def _record(self, send: Send, receipt: Receipt, subject: str) -> str:
        """Write what became of a send, its event, and what follows from it, in one transaction."""
        values, kind = self._settlement(send, receipt)
        async with transaction():
            if not await ledger.settle(send, self.attempt, **values):
                return Outcome.WITHDRAWN
            if kind is not None:
                await write([_event(send, kind, self.now, None if kind == "EMAIL_SENT" else receipt.code)])
            if receipt.outcome is Outcome.SENT and send.by_hand:
                scope = self.post.scope(self.workspaces[send.workspace_id])
                await email_went_out(scope, send, self.now)
            if receipt.outcome in {Outcome.SENT, Outcome.FAILED}:
                enrollment = await Enrollment.get(id=send.enrollment_id)
                if enrollment.status is EnrollmentStatus.ACTIVE:
                    count = await Step.filter(campaign_id=enrollment.campaign_id).count()
                    await finish_if_done(enrollment, count, self.now)
        person = self.people[send.person_id]
        self.post.show(Delivered(self.now, receipt.outcome, person.email, subject, receipt.detail))
        return receipt.outcome

    def _settlement(self, send: Send, receipt: Receipt) -> tuple[dict[str, object], str | None]:
        """Return the columns that a receipt changes, and the kind of its event."""
        told = {"reason": receipt.code, "detail": receipt.detail}
        match receipt.outcome:
            case Outcome.SENT:
                sender = self.senders[send.sender_id]
                sent = {"status": SendStatus.SENT, "sent_at": self.now, "reason": None, "detail": receipt.detail}
                return {**sent, "message_id": message_id(send.id, sender.email)}, "EMAIL_SENT"
            case Outcome.FAILED:
                return {"status": SendStatus.FAILED, **told}, "EMAIL_FAILED"
            case Outcome.IN_DOUBT:
                return {"status": SendStatus.IN_DOUBT, **told}, "EMAIL_IN_DOUBT"
            case Outcome.DEFERRED:
                again = self.now + (RETRY_AFTER[send.attempts] if send.attempts < len(RETRY_AFTER) else RETRY_THEN)
                if again - send.planned_at > GIVE_UP_AFTER:
                    detail = f"Given up after {send.attempts + 1} attempts. {receipt.detail}"
                    return {"status": SendStatus.FAILED, "reason": receipt.code, "detail": detail}, "EMAIL_FAILED"
                deferred = {"status": SendStatus.DEFERRED, "due_at": again, "attempts": send.attempts + 1}
                return {**deferred, **told}, "EMAIL_DEFERRED"
            case _:
                waiting = SendStatus.DEFERRED if send.attempts else SendStatus.SCHEDULED
                return {"status": waiting, "due_at": self.now + ACCOUNT_PAUSE, **told}, None


def _event(send: Send, kind: str, now: datetime, reason: str | None) -> Event:
    return event(
        send.workspace_id,
        kind,
        now,
        person_id=send.person_id,
        enrollment_id=send.enrollment_id,
        step_id=send.step_id,
        send_id=send.id,
        data={"reason": reason} if reason else {},
    )
