"""Apply copies of emails that reps have sent from their own mailboxes: each records its email, once."""

from datetime import datetime
from typing import NamedTuple

from api.codes.reasons.incoming import AnswerCode
from api.models import Person, Send, Sender, Task, Workspace
from api.services.jobs.job_kind import JobRuntime
from api.services.replies.findings import OwnMail, ReadRow
from api.services.replies.matching import key_or_none
from api.services.tasks.sent_elsewhere import email_status_of, record_one_off_sent, record_sent_elsewhere
from api.states import IncomingResult, MatchedBy, SendStatus
from api.store.emails.written_texts import lock_email
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.replies import incoming
from api.store.replies.incoming import Result
from api.store.tasks.tasks import lock_undone
from strategies import StepType
from strategies.codes import Message


@retry_on_deadlock
async def apply_own_mail(read: ReadRow, own_mail: OwnMail, runtime: JobRuntime) -> ReadRow | None:
    """Record the email that a rep has sent, and complete its task if it has one. Everything is one transaction.

    If somebody else wrote the mail, returns it as an answer, which the caller applies.
    """
    async with transaction():
        if not await incoming.lock_open([read.row.id]):
            return None
        copied = await _find(own_mail)
        is_copy = copied is not None and await _is_of_sender(own_mail, copied, answers=_has_findings(read))
        if not is_copy and _has_findings(read):
            return read.otherwise
        real_now = runtime.clock()
        if copied is not None and copied.status is SendStatus.TRANSMITTING:
            why = AnswerCode.IN_TRANSMISSION.message().sentence
            await incoming.postpone([read.row.id], real_now + incoming.TRANSMISSION_WAIT, why, counts=False)
            return None
        await incoming.write_results([await _result(read, own_mail, copied, runtime)], real_now)
    return None


class _Copied(NamedTuple):
    """The task or the one-off email of a copy, with the values that both have."""

    task: Task | None
    email: Send | None
    person_id: str
    sender_id: str
    workspace_id: str
    sandbox: bool
    status: SendStatus | None
    """The status of the email; None if there is none yet."""


async def _find(own_mail: OwnMail) -> _Copied | None:
    """Lock the task or the one-off email of a copy, and return it."""
    if own_mail.task_id is not None:
        await lock_undone(own_mail.task_id)
        task = await Task.get_or_none(id=own_mail.task_id)
        if task is None or task.type is not StepType.EMAIL:
            return None
        status = await email_status_of(task)
        return _Copied(task, None, task.person_id, task.assignee_id, task.workspace_id, task.sandbox, status)
    email = await lock_email(str(own_mail.email_id))
    if email is None or email.enrollment_id is not None:
        return None
    return _Copied(None, email, email.person_id, email.sender_id, email.workspace_id, email.sandbox, email.status)


async def _result(read: ReadRow, own_mail: OwnMail, copied: _Copied | None, runtime: JobRuntime) -> Result:
    if copied is None or copied.sandbox:
        return _ignored(read, AnswerCode.NO_EMAIL.message())
    if not await _is_of_sender(own_mail, copied):
        return _ignored(read, AnswerCode.SENT_BY_SOMEBODY_ELSE.message())
    context = runtime.context_of(await Workspace.get(id=copied.workspace_id))
    at = _sent_at(read.row.at, context.now)
    message_id, subject = own_mail.reply.message_id, own_mail.reply.subject or None
    if copied.task is not None:
        send = await record_sent_elsewhere(context, copied.task, at, message_id, subject)
    else:
        assert copied.email is not None  # noqa: S101 - a copy without a task has an email
        send = await record_one_off_sent(context, copied.email, at, message_id, subject)
    if send is None:
        return _ignored(read, AnswerCode.SENT_BEFORE.message())
    about = MatchedBy.RETURN_ADDRESS, copied.workspace_id, send.id
    return Result(read.row.id, read.kind, IncomingResult.APPLIED, read.reason, *about)


def _ignored(read: ReadRow, why: Message) -> Result:
    return Result(read.row.id, read.kind, IncomingResult.IGNORED, why.sentence)


def _has_findings(read: ReadRow) -> bool:
    return read.otherwise is not None and bool(read.otherwise.findings)


async def _is_of_sender(own_mail: OwnMail, copied: _Copied, *, answers: bool = False) -> bool:
    """Say whether a mail comes from the email's sender, or from another address of theirs and goes to the person.

    The signature of the address proves that the rep, or their mail program, wrote the mail. This is a second check, in
    case the address was leaked. A mail that ``answers`` and also goes to the sender is that of a colleague of the
    person.
    """
    sender, person = await Sender.get(id=copied.sender_id), await Person.get(id=copied.person_id)
    author = key_or_none(own_mail.reply.sender)
    if author == sender.email_key:
        return True
    recipients = {key_or_none(each) for each in own_mail.recipients}
    if answers and sender.email_key in recipients:
        return False
    return author != person.email_key and person.email_key in recipients


def _sent_at(at: datetime, now: datetime) -> datetime:
    return min(at, now).replace(microsecond=0)
