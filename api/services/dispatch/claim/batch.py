"""A batch: claimed emails of one sender, with the rows that sending them needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from api.codes.reasons.outcome_reasons import ReasonCode
from api.mail.message.email_rendering import RenderedEmail, RenderRequest
from api.mail.message.message import message_id
from api.mail.message.packing import PLACEHOLDER, PLACEHOLDER_ADDRESS
from api.mail.tracking.signed_urls import EmailTracking
from api.models import Step, Workspace
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.emails.recipient import Recipient
from api.services.dispatch.claim.batch_rendering import BatchRendering
from api.services.dispatch.claim.checks_before_rendering import why_not_send
from api.services.dispatch.claim.content_packing import ContentPacking
from api.services.dispatch.claim.one_off_rows import OneOffRows
from api.services.dispatch.dispatch_answers import Answer, DispatchAnswer
from api.services.templates.email_content import ContentLoader, fields_of
from api.services.templates.sender_texts import load_sender_texts
from api.states import Tracking
from api.store.dispatch import allowed_time_rows, throttles
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.engagement import tracked_campaigns
from api.store.enrollments.enrollments import statuses
from api.store.people.people import recipients
from api.worker_processes.limits import WorkersBusyError
from plugins.contract import Outcome, Receipt
from strategies.calendar import known_zone, local
from strategies.codes import Message
from strategies.timeline.allowed_times import Ranges

RECHECK_WAIT = timedelta(seconds=2)
"""How long an email waits for another email that is being sent, or for a free renderer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed emails of one sender, claimed at ``now`` (UTC, the sandbox's clock in a sandbox).

    The rows are loaded once for hundreds of emails. The trade-off is that they may change before an email is sent. So
    the ledger checks the critical conditions again, in the transaction that begins the transmission. The claim makes a
    batch. Sessions only read it.
    """

    runtime: DispatchRuntime
    now: datetime
    workspace: Workspace
    blocked: frozenset[str]
    sender: Mapping[str, Any]
    people: Mapping[str, Recipient]
    enrollments: Mapping[str, str]
    library: ContentLoader
    account: str
    """The account that sends the emails."""
    tracked: Mapping[str, Tracking]
    """The campaigns that track opens or clicks, with their settings."""
    of_sender: Mapping[str, str]
    """The dynamic fields with the texts of the sender."""
    one_off: OneOffRows
    """The rows that only one-off emails have."""
    allowed_times: Mapping[str, Ranges]
    """The ranges in which send options let these emails be sent, by their id. Emails of built-in options have none."""
    local_times: dict[str, datetime] = field(default_factory=dict)
    """``now`` in each zone that an email has needed."""
    emails: BatchRendering = field(init=False)
    contents: ContentPacking = field(init=False)
    is_throttled: bool = field(init=False)
    """Whether the sender has a throttle or a daily limit."""

    def __post_init__(self) -> None:
        """Create the objects that render the emails and pack them for storage."""
        object.__setattr__(self, "emails", BatchRendering(str(self.workspace.id)))
        object.__setattr__(self, "contents", ContentPacking(str(self.workspace.id)))
        object.__setattr__(self, "is_throttled", bool(throttles.windows(self.sender)))

    @classmethod
    async def load(
        cls,
        runtime: DispatchRuntime,
        now: datetime,
        sender: Mapping[str, Any],
        sends: Sequence[ClaimedEmail],
        account: str,
    ) -> "Batch":
        """Load the rows for these claimed emails."""
        people = await recipients([send.person_id for send in sends])
        workspace = await Workspace.get(id=sender["workspace_id"])
        step_ids = [send.step_id for send in sends if send.step_id is not None]
        enrollment_ids = [send.enrollment_id for send in sends if send.enrollment_id is not None]
        texts = await load_sender_texts(sender["id"])
        library = await ContentLoader.load(step_ids, enrollment_ids, texts.signature)
        campaigns = {step.campaign_id for step in library.steps.values()}
        batch = cls(
            runtime,
            now,
            workspace,
            frozenset(workspace.blocked_domains),
            sender,
            {row["id"]: Recipient(*row.values()) for row in people},
            await statuses(enrollment_ids),
            library,
            account,
            await tracked_campaigns(campaigns) if runtime.tracking is not None else {},
            texts.fields,
            await OneOffRows.load(sender["workspace_id"], [send.id for send in sends if send.enrollment_id is None]),
            await allowed_time_rows.find(send.allowed_times_id for send in sends),
        )
        batch.emails.expect(sends)
        return batch

    def message_id(self, send: ClaimedEmail) -> str:
        """Return the email's Message-ID. It stays the same for all attempts, even if the sender's address changes."""
        return send.message_id or message_id(send.id, self.sender["email"])

    def address(self, send: ClaimedEmail) -> str:
        """Return the recipient's address."""
        return self.people[send.person_id].email

    def copies(self, send: ClaimedEmail) -> tuple[str, ...]:
        """Return the addresses that get a copy (CC and BCC), without the recipient's."""
        return self.one_off.copies(send.id, self.address(send)) if self.one_off.emails else ()

    def why_not_send(self, send: ClaimedEmail) -> Message | None:
        """Return why the email must not be sent any more, or None if it may be sent."""
        step = self._step(send)
        why = why_not_send(
            self.workspace,
            self.account,
            self.people[send.person_id],
            None if send.enrollment_id is None else self.enrollments[send.enrollment_id],
            step,
            self.blocked,
            transactional=self.library.is_transactional(step, send),
        )
        if why is not None or not self.one_off.emails:
            return why
        if self.one_off.has_reached(send.id, self.address(send)):
            return ReasonCode.ALREADY_RECEIVED.message(email=self.address(send))
        channel = self.runtime.installed.channels.get(self.sender["channel"])
        return self.one_off.why_not_send_copies(self.copies(send), self.blocked, channel)

    def campaign_id(self, send: ClaimedEmail) -> str | None:
        """Return the campaign of the email; None for a one-off email."""
        step = self._step(send)
        return None if step is None else step.campaign_id

    def template_id(self, send: ClaimedEmail) -> str:
        """Return the template of the email's step, or of a one-off email; "" if it has none."""
        step = self._step(send)
        return (self.one_off.template_id(send.id) if step is None else step.template_id) or ""

    def is_transactional(self, send: ClaimedEmail) -> bool:
        """Say whether the email also goes to an address that has unsubscribed."""
        return self.library.is_transactional(self._step(send), send)

    def _step(self, send: ClaimedEmail) -> Step | None:
        return None if send.step_id is None else self.library.steps[send.step_id]

    def waits_until(self, send: ClaimedEmail) -> datetime | None:
        """Return when to check again a follow-up whose earlier email is not sent yet, or None if it may be sent.

        A sandbox's clock waits until all due emails are sent. So there the follow-up is due again at once.
        """
        earlier = self.library.waits_for(self._step(send), send.enrollment_id)
        if earlier is None:
            return None
        return max(earlier.due_at, self.recheck_at(send))

    def recheck_at(self, send: ClaimedEmail) -> datetime:
        """Return when to check again an email that cannot be sent yet."""
        return self.now if send.sandbox else self.now + RECHECK_WAIT

    async def write(self, send: ClaimedEmail) -> RenderedEmail | Answer:
        """Check, render and build one email. Returns the reason instead if it must not be sent now."""
        if why := self.why_not_send(send):
            return _failed(why)
        try:
            rendered = await self.emails.write(send, self.order)
        except WorkersBusyError:
            return DispatchAnswer.RENDERERS_BUSY
        return rendered if isinstance(rendered, RenderedEmail) else _failed(rendered.why)

    def write_ahead(self, send: ClaimedEmail) -> RenderedEmail | None:
        """Check, render and build one email if that is quick. Returns None otherwise, or if it must not be sent."""
        return None if self.why_not_send(send) else self.emails.write_ahead(send, self.order)

    def order(self, send: ClaimedEmail) -> RenderRequest:
        """Return the data from which an email is rendered."""
        return self._order_to(send, self.people[send.person_id])

    def placeholder_order(self, send: ClaimedEmail) -> RenderRequest:
        """Return the data for the same email with placeholders in the place of the person's values and a rep's text."""
        person = self.people[send.person_id]
        nobody = replace(
            person,
            email=PLACEHOLDER_ADDRESS,
            own_fields=dict.fromkeys(person.own_fields, PLACEHOLDER),
            first_name=PLACEHOLDER,
            last_name=PLACEHOLDER,
            title=PLACEHOLDER,
            company=PLACEHOLDER,
        )
        unsent = send._replace(id=PLACEHOLDER, message_id=f"<{PLACEHOLDER_ADDRESS}>", subject=None, html=None)
        return self._order_to(unsent, nobody)

    def _order_to(self, send: ClaimedEmail, person: Recipient) -> RenderRequest:
        step, one_off = self._step(send), self.one_off
        sender_name, sender_email = self.sender["name"], self.sender["email"]
        page_link, addresses = self.runtime.unsubscribe_url(person), self.runtime.unsubscribe_addresses
        mailto = addresses.mailto(send.id) if addresses is not None else None
        return RenderRequest(
            send_id=send.id,
            message_id=self.message_id(send),
            content=self.library.content_with(step, send),
            fields=fields_of(person, sender_name, sender_email, page_link or mailto, self.of_sender),
            now=self._local_now(send.zone),
            earlier=one_off.earlier(send.id) if step is None else self.library.quoted_email(step, send.enrollment_id),
            sender_name=sender_name,
            sender_address=sender_email,
            to_name=f"{person.first_name} {person.last_name}".strip(),
            to_address=person.email,
            unsubscribe_url=page_link,
            unsubscribe_mailto=mailto,
            unsubscribe_line=self.workspace.unsubscribe_html,
            transactional=self.library.is_transactional(step, send),
            tracking=self._tracking(send, step) if self.tracked or send.html is not None else None,
            cc=one_off.cc(send.id) if one_off.emails else (),
        )

    def _local_now(self, zone: str) -> datetime:
        found = self.local_times.get(zone)
        if found is None:
            found = self.local_times[zone] = local(self.now, known_zone(zone))
        return found

    def _tracking(self, send: ClaimedEmail, step: Step | None) -> EmailTracking | None:
        tracking = self.one_off.tracking(send.id) if step is None else self.tracked.get(step.campaign_id, Tracking.OFF)
        links = self.runtime.tracking
        # A text that a rep wrote may contain tracked links of another email.
        if links is None or (tracking is Tracking.OFF and send.html is None):
            return None
        return EmailTracking(
            links, send.id, opens=tracking is Tracking.OPENS_AND_CLICKS, clicks=tracking is not Tracking.OFF
        )


def _failed(why: Message) -> Receipt:
    return Receipt(Outcome.FAILED, *why)
