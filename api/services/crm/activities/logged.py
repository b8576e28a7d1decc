"""The content that is logged of an email, a reply or a call, as the database has it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from api.crm_records import CrmActivityKind
from api.models import Campaign, Enrollment, Event, Person, Reply, Send, Sender, Step, Task, Template
from api.services.common.emails.sent_messages import sent_messages
from api.states import SendStatus, TaskStatus
from api.store.crm.activities import steps_within_days
from api.store.engagement import NO_ENGAGEMENT, engagements
from api.store.engine.rows import by_ids
from plugins.crms.people_and_activities import ActivityField, LoggedEmail
from strategies import StepType

EMAIL, REPLY, CALL = CrmActivityKind.EMAIL, CrmActivityKind.REPLY, CrmActivityKind.CALL
Values = Mapping[ActivityField, str | bool]


@dataclass(frozen=True, slots=True)
class Logged:
    """One email, reply or call. Its texts are not cut and have line breaks."""

    subject_id: str
    kind: CrmActivityKind
    person_id: str
    sender_id: str
    at: datetime
    subject: str
    """The subject of the email, also of the email that a reply answers; or the name of the call's task."""
    body: str
    campaign: str = ""
    day: int | None = None
    step: int | None = None
    """The number of the step within its day."""
    outcome: str | None = None
    reason: str | None = None
    email: LoggedEmail | None = None
    key: str = ""
    """The base of its marker in the CRM, if that is not the id.

    A mail that is read from a mailbox again, such as after a backup was restored, gets another id here, but has the
    same Message-ID.
    """
    fields: Values = field(default_factory=dict)


class _Rows:
    """The rows that several emails, replies and calls are about, each read once."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self.sends: dict[str, Send] = {}
        self.people: dict[str, Person] = {}
        self.senders: dict[str, Sender] = {}
        self.steps: dict[str, Step] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.templates: dict[str, Template] = {}
        self.places: dict[str, int] = {}

    async def read(self, sends: Sequence[Send], tasks: Sequence[Task]) -> None:
        """Read the rows to which emails and tasks refer."""
        self.sends = {send.id: send for send in sends}
        both: list[Send | Task] = [*sends, *tasks]
        senders = [*(send.sender_id for send in sends), *(task.assignee_id for task in tasks)]
        self.people = await by_ids(Person, self._workspace_id, [row.person_id for row in both])
        self.senders = await by_ids(Sender, self._workspace_id, senders)
        steps = [row.step_id for row in both if row.step_id is not None]
        self.steps = await by_ids(Step, self._workspace_id, steps)
        campaigns = sorted({step.campaign_id for step in self.steps.values()})
        self.campaigns = {row.id: row for row in await Campaign.filter(id__in=campaigns)}
        self.places = await steps_within_days(campaigns)
        templates = [send.template_id for send in sends if send.template_id]
        self.templates = await by_ids(Template, self._workspace_id, templates)

    def place(self, row: Send | Task) -> dict[str, Any]:
        """Return the campaign, the day, and the number of the step within the day."""
        step = None if row.step_id is None else self.steps.get(row.step_id)
        campaign = None if step is None else self.campaigns.get(step.campaign_id)
        if step is None or campaign is None:
            return {}
        return {"campaign": campaign.name, "day": step.day, "step": self.places.get(step.id)}

    def is_known(self, person_id: str) -> bool:
        """Whether the person exists and was not erased."""
        person = self.people.get(person_id)
        return person is not None and person.erased_at is None


async def read_logged(workspace_id: str, subject_ids: Sequence[str]) -> dict[str, Logged]:
    """Return the content to log, by id. Emails that were not sent, and people who were erased, are left out."""
    replies: dict[str, Reply] = await by_ids(Reply, workspace_id, _with(subject_ids, "rpl"))
    events: dict[str, Event] = await by_ids(Event, workspace_id, _with(subject_ids, "evt"))
    tasks: dict[str, Task] = await by_ids(Task, workspace_id, _with(subject_ids, "tsk"))
    wanted = _with(subject_ids, "snd")
    answered = [reply.send_id for reply in replies.values()]
    sends: dict[str, Send] = await by_ids(Send, workspace_id, [*wanted, *answered])
    rows = _Rows(workspace_id)
    await rows.read(list(sends.values()), list(tasks.values()))
    texts = await _texts(workspace_id, sends)
    clicked = await engagements(workspace_id, wanted)
    found = [
        *(_email(rows, sends[key], texts[key], clicked.get(key, NO_ENGAGEMENT)) for key in wanted if key in sends),
        *(_reply(rows, each, texts) for each in replies.values() if each.send_id in sends),
        *(_call(rows, each) for each in tasks.values()),
        *[await _answer(workspace_id, each) for each in events.values()],
    ]
    return {each.subject_id: each for each in found if each is not None}


def _with(ids: Sequence[str], prefix: str) -> list[str]:
    return [each for each in ids if each.startswith(f"{prefix}_")]


@dataclass(frozen=True, slots=True)
class _Text:
    subject: str
    text: str
    cc: Sequence[str] = ()


async def _texts(workspace_id: str, sends: Mapping[str, Send]) -> dict[str, _Text]:
    """Return the subjects and texts of emails as they were sent. Texts that are not kept are empty.

    The HTML part is not logged: its tracked links and image would count clicks and opens of CRM users.
    """
    messages = await sent_messages(workspace_id, list(sends))
    found = {key: _Text(send.subject or "", "") for key, send in sends.items()}
    for key, message in messages.items():
        cc = [mailbox.address for mailbox in message.mailboxes("cc")]
        found[key] = _Text(message.subject, message.text or "", cc)
    return found


def _email(rows: _Rows, send: Send, text: _Text, engagement: Any) -> Logged | None:
    sender = rows.senders.get(send.sender_id)
    was_sent = send.status in {SendStatus.SENT, SendStatus.BOUNCED}
    if not was_sent or send.sent_at is None or sender is None or not rows.is_known(send.person_id):
        return None
    template = rows.templates.get(send.template_id or "")
    to = send.recipient or rows.people[send.person_id].email
    place = rows.place(send)
    fields: dict[ActivityField, str | bool] = {
        ActivityField.EMAIL_STATUS: "bounced" if send.status is SendStatus.BOUNCED else "sent",
        ActivityField.VIEWED: engagement.opens > 0,
        ActivityField.CLICKED: engagement.clicks > 0,
        ActivityField.REPLIED: send.replies > 0,
        **({ActivityField.TEMPLATE: template.name} if template is not None else {}),
        **_campaign_fields(place),
    }
    email = LoggedEmail(send.message_id or "", sender.email, to, text.cc)
    return Logged(
        send.id, EMAIL, send.person_id, sender.id, send.sent_at, text.subject, text.text, **place, email=email,
        key=_key_of_mail(send.message_id, send.person_id) if _is_from_own_mailbox(send) else "", fields=fields,
    )  # fmt: skip


def _reply(rows: _Rows, reply: Reply, texts: Mapping[str, _Text]) -> Logged | None:
    send = rows.sends[reply.send_id]
    sender = rows.senders.get(send.sender_id)
    if sender is None or not rows.is_known(send.person_id):
        return None
    author = reply.sender or send.recipient or rows.people[send.person_id].email
    email = LoggedEmail(reply.message_id or "", author, sender.email, incoming=True)
    place = rows.place(send)
    return Logged(
        reply.id, REPLY, send.person_id, sender.id, reply.at, texts[send.id].subject, reply.text, **place,
        email=email, key=_key_of_mail(reply.message_id, send.message_id or send.id), fields=_campaign_fields(place),
    )  # fmt: skip


def _call(rows: _Rows, task: Task) -> Logged | None:
    is_call = task.type is StepType.CALL and task.status is TaskStatus.COMPLETED
    if not is_call or task.done_at is None or not rows.is_known(task.person_id):
        return None
    place = rows.place(task)
    fields: dict[ActivityField, str | bool] = {
        ActivityField.CALL_OUTCOME: task.outcome or "",
        ActivityField.CALL_REASON: task.call_reason or "",
        **_campaign_fields(place),
    }
    return Logged(
        task.id, CALL, task.person_id, task.assignee_id, task.done_at, task.name, task.note, **place,
        outcome=task.outcome, reason=task.call_reason, fields=fields,
    )  # fmt: skip


async def _answer(workspace_id: str, event: Event) -> Logged | None:
    """Return a reply without an email, which only the Live Feed has."""
    if event.person_id is None or event.campaign_id is None:
        return None
    people: dict[str, Person] = await by_ids(Person, workspace_id, [event.person_id])
    campaign = await Campaign.get_or_none(id=event.campaign_id)
    enrollment = await Enrollment.get_or_none(id=event.enrollment_id)
    if event.person_id not in people or people[event.person_id].erased_at is not None or campaign is None:
        return None
    place = {"campaign": campaign.name}
    text = str(event.data.get("text", ""))
    fields = _campaign_fields(place)
    sender_id = (enrollment.sender_id if enrollment is not None else None) or campaign.sender_id
    return Logged(event.id, REPLY, event.person_id, sender_id, event.at, campaign.name, text, **place, fields=fields)


def _is_from_own_mailbox(send: Send) -> bool:
    """Say whether a rep's own mail program has made the Message-ID. Touchline's have the id of the email."""
    return send.by_hand and send.id not in (send.message_id or send.id)


def _key_of_mail(message_id: str | None, about: str) -> str:
    """Return a key that is the same whenever the mail is read. Without a Message-ID there is none."""
    return f"mail_{sha256(f'{about} {message_id}'.encode()).hexdigest()[:32]}" if message_id else ""


def _campaign_fields(place: Mapping[str, Any]) -> dict[ActivityField, str | bool]:
    """Return the custom fields about a campaign. Without one they are left out."""
    if not place:
        return {}
    fields: dict[ActivityField, str | bool] = {ActivityField.CAMPAIGN: place["campaign"]}
    if place.get("day") is not None:
        step = place.get("step")
        fields[ActivityField.CAMPAIGN_STEP] = f"Day {place['day']}" + (f", step {step}" if step else "")
    return fields
