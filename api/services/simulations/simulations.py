"""Play an answer to an email in a sandbox.

An answer by mail is a whole mail, as a mail program or a mail server writes it. It is processed like a real answer:
stored, read, matched to its email and applied, but at once and not by the job runner. Everything happens at the time of
the sandbox's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.codes.refusals.emails import EmailCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.mail.simulated_answers import (
    DIAGNOSTICS,
    REPORTING_HOST,
    STATUSES,
    AnsweredEmail,
    auto_reply,
    delivery_report,
    feedback_report,
    reply,
)
from api.models import Event, Send, Sender
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.inputs import inputs
from api.services.common.inputs.inputs import SHOWN_CHARACTERS
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.replies.answers_job import process_now
from api.services.replies.incoming import receive_events, receive_mails
from api.services.tasks.composing import compose_email
from api.states import BounceKind, IncomingResult, SendStatus
from api.store.engine.rows import get_or_refuse
from api.store.events.event_actor import acting, acting_source
from api.store.replies import incoming
from plugins.bounce_classification import enhanced_status
from plugins.incoming import IncomingMail, ReportedEvent, ReportedKind
from strategies import Refusal

ANSWERED_STATUSES = (SendStatus.SENT, SendStatus.BOUNCED, SendStatus.IN_DOUBT)
"""Statuses of an email that somebody may have received."""
MAX_REPLY_CHARACTERS = 20_000
MAX_EVENTS = 50
"""Most events of the Live Feed that are shown for one answer."""
EVENT_PREFIX = "evt"
MAX_LINE_CHARACTERS = 1_000
DEFAULT_SUBJECT = "Your email"
"""The subject that an answer quotes if the email cannot be rendered any more."""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
"""The program that opens an email or a link, unless the caller names another."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The result of an answer."""

    send: Send
    """The email after the answer."""
    kind: str
    """The kind as which the answer was read, such as REPLY."""
    result: IncomingResult | None
    """None if the answer waits, because the email is being transmitted."""
    reason: str
    mail: str | None
    """The mail. None for an answer that a provider reports."""
    events: list[Event]
    """The events that the answer wrote to the Live Feed."""


Build = Callable[[AnsweredEmail, str], bytes]
"""Makes the mail of an answer. The text is its Message-ID."""


class Simulator:
    """Plays answers in one sandbox. Raises Refusal outside of a sandbox, and for emails that were not sent."""

    def __init__(self, context: WorkspaceContext, runtime: DispatchRuntime) -> None:
        if not context.workspace.sandbox:
            raise Refusal.of(WorkspaceCode.NOT_A_SANDBOX, case="answers")
        self._context = context
        self._runtime = runtime
        self._source = f"sandbox:{context.workspace_id}"

    async def reply(self, send_id: str, text: str, sender: str | None, *, automatic: bool = False) -> Simulation:
        """Play a reply from the recipient or another address, or an automatic one."""
        text = inputs.text(text, ("text",), limit=MAX_REPLY_CHARACTERS)
        if not text.strip():
            raise Refusal.of(InputCode.REQUIRED, ("text",), argument="text")
        address = None if sender is None else inputs.address(sender, ("from",))
        write = auto_reply if automatic else reply
        return await self._mail(
            send_id,
            lambda email, message_id: write(
                email, message_id=message_id, at=self._now, sender=address or email.recipient, text=text
            ),
        )

    async def bounce(self, send_id: str, kind: BounceKind, diagnostic: str | None) -> Simulation:
        """Play a bounce. ``diagnostic`` is the answer of the mail server, which overrides ``kind``."""
        line = inputs.line(diagnostic or "", ("diagnostic",), limit=MAX_LINE_CHARACTERS, required=False)
        status = f"5.{found.partition('.')[2]}" if (found := enhanced_status(line)) else STATUSES[kind]
        return await self._mail(
            send_id,
            lambda email, message_id: delivery_report(
                email,
                message_id=message_id,
                at=self._now,
                status=status,
                diagnostic=line or DIAGNOSTICS[kind].format(recipient=email.recipient),
            ),
        )

    async def complaint(self, send_id: str) -> Simulation:
        """Play a report of a provider whose user marked the email as spam."""
        return await self._mail(
            send_id, lambda email, message_id: feedback_report(email, message_id=message_id, at=self._now)
        )

    async def open(self, send_id: str, user_agent: str | None) -> Simulation:
        """Play an open."""
        return await self._event(send_id, ReportedKind.OPENED, user_agent=_user_agent(user_agent))

    async def click(self, send_id: str, url: str, user_agent: str | None) -> Simulation:
        """Play a click on a link."""
        link = inputs.line(url, ("url",), limit=MAX_LINE_CHARACTERS)
        if not link.lower().startswith(("http://", "https://")):
            raise Refusal.of(InputCode.INVALID_URL, ("url",), value=link[:SHOWN_CHARACTERS])
        return await self._event(send_id, ReportedKind.CLICKED, url=link, user_agent=_user_agent(user_agent))

    async def unsubscribe(self, send_id: str) -> Simulation:
        """Play a recipient who unsubscribes."""
        return await self._event(send_id, ReportedKind.UNSUBSCRIBED)

    @property
    def _now(self) -> datetime:
        return self._context.now

    async def _mail(self, send_id: str, build: Build) -> Simulation:
        send = await self._answered(send_id)
        sender = await Sender.get(id=send.sender_id)
        returns = self._runtime.return_addresses
        key = new_id("sim")
        email = AnsweredEmail(
            message_id=str(send.message_id),
            sender=sender.email,
            recipient=str(send.recipient),
            subject=await self._subject(send),
            return_to=sender.email if returns is None else returns.address(send.id),
            sent_at=send.sent_at or self._now,
        )
        data = build(email, f"<{key}@{REPORTING_HOST}>")
        mail = IncomingMail(key, data, self._now)
        await receive_mails(self._source, [mail], self._runtime.clock(), [sender.email])
        return await self._process(send, key, data.decode("utf-8", "replace"))

    async def _event(self, send_id: str, kind: ReportedKind, *, url: str = "", user_agent: str = "") -> Simulation:
        send = await self._answered(send_id)
        key = new_id("sim")
        event = ReportedEvent(
            key, kind, self._now, email_id=send.id, recipient=send.recipient, url=url, user_agent=user_agent
        )
        await receive_events(self._source, [event], self._runtime.clock())
        return await self._process(send, key, None)

    async def _process(self, send: Send, key: str, mail: str | None) -> Simulation:
        """Process the answer now. The job runner would do the same later."""
        runtime = self._runtime
        before = new_id(EVENT_PREFIX)
        returns, unsubscribes = runtime.return_addresses, runtime.unsubscribe_addresses
        job = JobRuntime(runtime.context, runtime.clock, returns, unsubscribes)
        with acting(*acting_source(self._source)):  # the caller plays others
            await process_now(self._source, key, job)
        outcome = await incoming.outcome(self._source, key)
        written = Event.filter(workspace_id=send.workspace_id, person_id=send.person_id, id__gt=before)
        return Simulation(
            send=await Send.get(id=send.id),
            kind=outcome.kind,
            result=outcome.result,
            reason=outcome.reason,
            mail=mail,
            events=await written.order_by("id").limit(MAX_EVENTS),
        )

    async def _answered(self, send_id: str) -> Send:
        send = await get_or_refuse(Send, self._context.workspace_id, send_id, ("emailId",))
        if send.status not in ANSWERED_STATUSES or send.message_id is None or send.recipient is None:
            status = send.status.words
            raise Refusal.of(EmailCode.NOT_SENT, ("emailId",), case="answer", status=status)
        return send

    async def _subject(self, send: Send) -> str:
        """Return the subject of the email. Emails do not keep it, so it is rendered once more."""
        try:
            return (await compose_email(self._context, send.id)).subject or DEFAULT_SUBJECT
        except Refusal:
            return DEFAULT_SUBJECT


def _user_agent(user_agent: str | None) -> str:
    if user_agent is None:
        return BROWSER
    return inputs.line(user_agent, ("userAgent",), limit=MAX_LINE_CHARACTERS)
