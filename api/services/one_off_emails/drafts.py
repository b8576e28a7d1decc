"""Create a one-off email as a draft, and change one that is not sent yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.emails import EmailCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Person, Send, Sender
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.inputs.versions import check_version
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.services.one_off_emails.attached import attach, checked_attachments
from api.services.one_off_emails.locking import lock_unsent, one_off_of
from api.services.one_off_emails.recipients import (
    checked_copies,
    find_recipient,
    refuse_copies,
    refuse_reached,
    refuse_recipient,
    require,
    store_recipient,
)
from api.services.one_off_emails.texts import (
    checked_text,
    earlier_text,
    find_followed,
    follow_up_subject,
    template_text,
)
from api.services.people.people import lock_person
from api.services.templates.template_inputs import WrittenText
from api.states import SendStatus, Tracking
from api.store.emails import one_off_emails
from api.store.emails.one_off_emails import EarlierText, OneOffEmail
from api.store.emails.written_texts import change_waiting_email
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, write
from strategies import Refusal


@dataclass(frozen=True, slots=True)
class NewEmail:
    """The input of a new one-off email. Exactly one of ``person_id`` and ``to`` is given.

    A follow-up has by default the recipient and the sender of the email that it follows.
    """

    person_id: str | None = None
    to: str | None = None
    sender_id: str | None = None
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    template_id: str | None = None
    subject: str | None = None
    html: str | None = None
    follows_email_id: str | None = None
    attachment_ids: Sequence[str] = ()
    tracking: Tracking = Tracking.OFF


@retry_on_deadlock
async def create_email(context: WorkspaceContext, new: NewEmail, *, key: RequestKey | None = None) -> Send:
    """Store a one-off email as a draft. Raises Refusal, also if a recipient must get no emails."""
    followed = None if new.follows_email_id is None else await find_followed(context, new.follows_email_id)
    person_id = new.person_id
    if followed is not None and person_id is None and new.to is None:
        person_id = followed.person_id
    person = await find_recipient(context, person_id, new.to)
    sender_id = new.sender_id or (None if followed is None else followed.sender_id)
    if sender_id is None:
        raise Refusal.of(InputCode.REQUIRED, ("senderId",), argument="senderId")
    sender = await get_or_refuse(Sender, context.workspace_id, sender_id, ("senderId",))
    copies = checked_copies(new.cc, new.bcc)
    earlier = None if followed is None else await earlier_text(context, followed)
    text = await _first_text(context, new, person, sender, earlier)
    await checked_attachments(context, new.attachment_ids)
    now = context.now
    send = Send(
        id=new_id("snd"), workspace_id=context.workspace_id, sender_id=sender.id, sandbox=context.workspace.sandbox,
        status=SendStatus.DRAFT, created_at=now, subject=text.subject or "", html=text.html or "",
        **chosen_columns(now, sender.zone),
    )  # fmt: skip
    async with transaction():
        send.person_id = (await store_recipient(context, person)).id
        path = _path_of_recipient(new)
        await refuse_recipient(context, await lock_person(context, send.person_id, path), path)
        await refuse_copies(context, sender, copies)
        await send.save(force_create=True)
        row = OneOffEmail(
            send.id, context.workspace_id, 1, *copies, (), new.tracking, new.template_id,
            None if followed is None else followed.id, earlier, None, now, now,
        )  # fmt: skip
        await one_off_emails.add(row)
        await attach(context, send.id, new.attachment_ids)
        await remember(context, key, [send.id])
    return send


def _path_of_recipient(new: NewEmail) -> tuple[str, ...]:
    return ("personId",) if new.to is None else ("to",)


async def _first_text(
    context: WorkspaceContext, new: NewEmail, person: Person, sender: Sender, earlier: EarlierText | None
) -> WrittenText:
    """Return the text of a new email: the given one, else the template's, else that of a reply."""
    own_text = await checked_text(context.workspace_id, new.subject, new.html)
    rendered = WrittenText(None, None)
    if new.template_id is not None:
        rendered = await template_text(context, new.template_id, person, sender)
    subject = rendered.subject if own_text.subject is None else own_text.subject
    if earlier is not None and not subject:
        subject = follow_up_subject(earlier)
    return WrittenText(subject, rendered.html if own_text.html is None else own_text.html)


@retry_on_deadlock
async def update_email(
    context: WorkspaceContext, send_id: str, *, if_version: int | None = None, **changes: Any
) -> Send:
    """Change a one-off email that is a draft or scheduled, if its transmission has not started. Raises Refusal.

    Takes the fields of ``NewEmail``, without ``follows_email_id``. Omitted fields keep their values. A ``template_id``
    replaces subject and text, unless they are given too.
    """
    send = await one_off_of(context, send_id)
    for name, argument in (("sender_id", "senderId"), ("subject", "subject"), ("html", "html")):
        if name in changes:
            require(changes[name], argument)
    if "tracking" in changes:
        require(changes["tracking"], "tracking")
    person = await _changed_person(context, send, changes)
    sender_id = changes.get("sender_id", send.sender_id)
    sender = await get_or_refuse(Sender, context.workspace_id, sender_id, ("senderId",))
    text = await checked_text(context.workspace_id, changes.get("subject"), changes.get("html"))
    if changes.get("template_id") is not None:
        rendered = await template_text(context, changes["template_id"], person, sender)
        text = WrittenText(*(own if own is not None else other for own, other in zip(text, rendered, strict=True)))
    if "attachment_ids" in changes:
        await checked_attachments(context, changes["attachment_ids"] or ())
    async with transaction():
        person = await store_recipient(context, person)
        send = await lock_unsent(send.id)
        row = await one_off_emails.lock(send.id)
        check_version("email", row.version, if_version)
        copies = checked_copies(
            changes["cc"] or () if "cc" in changes else row.cc, changes["bcc"] or () if "bcc" in changes else row.bcc
        )
        if changes.get("person_id") is None and changes.get("to") is None:
            person = await Person.get(id=send.person_id)  # a merge may just have changed it
        elif person.id != send.person_id:
            path = ("to",) if changes.get("to") is not None else ("personId",)
            await refuse_recipient(context, await lock_person(context, person.id, path), path)
        await refuse_copies(context, sender, copies, row.reached_keys)
        if person.id != send.person_id:
            refuse_reached(person, row, ("to",) if changes.get("to") is not None else ("personId",))
        if send.status is not SendStatus.DRAFT and text.subject == "":
            raise Refusal.of(InputCode.REQUIRED, ("subject",), argument="subject")
        values: dict[str, Any] = {"person_id": person.id, "sender_id": sender.id}
        values |= {name: part for name, part in text._asdict().items() if part is not None}
        await _write_changes(send, values)
        await one_off_emails.change(
            send.id, context.now, cc=copies.cc, bcc=copies.bcc, tracking=changes.get("tracking", row.tracking),
            template_id=changes.get("template_id", row.template_id),
        )  # fmt: skip
        if "attachment_ids" in changes:
            await attach(context, send.id, changes["attachment_ids"] or ())
        if send.status is not SendStatus.DRAFT:
            data = {"parts": sorted(changes)}
            await write([email_event(send, EventKind.EMAIL_EDITED, context.now, data=data)])
    context.wake()
    return await Send.get(id=send.id)


async def _changed_person(context: WorkspaceContext, send: Send, changes: dict[str, Any]) -> Person:
    if changes.get("person_id") is None and changes.get("to") is None:
        if "person_id" in changes and "to" in changes:
            raise Refusal.of(EmailCode.ONE_RECIPIENT, ("to",))
        return await Person.get(id=send.person_id)
    return await find_recipient(context, changes.get("person_id"), changes.get("to"))


async def _write_changes(send: Send, values: dict[str, Any]) -> None:
    """Write columns of a locked email. A claim of a scheduled one is released, so that it is rendered again."""
    if send.status is SendStatus.DRAFT:
        await Send.filter(id=send.id).update(**values)
    else:
        await change_waiting_email(send, paused=False, **values)
