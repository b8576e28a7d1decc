"""Apply the effects of incoming mails and events: all changes, the Live Feed and the results in one transaction.

So each of them counts once, even if the process is killed. While an email is being transmitted, answers to it wait for
the outcome.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.incoming import AnswerCode
from api.codes.reasons.outcome_reasons import ReasonCode
from api.mail.address import address_key
from api.mail.reading import FailedRecipient, MailKind
from api.models import Person, Workspace
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import finish_done
from api.services.jobs.job_kind import JobRuntime
from api.services.people.suppressions import suppress
from api.services.replies.bounces import Returned, settle_returned
from api.services.replies.copied_recipients import NO_COPIES, address_of_copy, copies_of, split_failures
from api.services.replies.failed_recipients import failure_of
from api.services.replies.findings import AnswerKind, ReadRow
from api.services.replies.matching import Match, key_or_none
from api.services.replies.replies import Replied, settle_replies
from api.services.tasks.closing import complete_task_of_email
from api.services.tracking.apply_tracking import EmailHit, email_hit, record_hits
from api.states import IncomingResult, MatchedBy, ReplyKind, SendStatus, SuppressionSource
from api.store.emails import one_off_emails
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.event_actor import acting, acting_source
from api.store.events.events import Line, email_event, write
from api.store.people.suppressions import NewSuppression
from api.store.replies import answered_emails, incoming
from api.store.replies.incoming import Result
from plugins.incoming import ReportedKind
from strategies.codes import Message

DECIDED_STATUSES = (SendStatus.SENT, SendStatus.BOUNCED, SendStatus.TRANSMITTING)
"""Statuses that an answer does not change to SENT."""
SUPPRESSING = frozenset({AnswerKind.COMPLAINT, AnswerKind.UNSUBSCRIBE, AnswerKind.UNSUBSCRIBE_MAIL})
"""Answers that unsubscribe the address."""
CORRESPONDENCE = frozenset({AnswerKind.OWN, AnswerKind.REPLY, AnswerKind.AUTO_REPLY})
HITS = frozenset({AnswerKind.OPEN, AnswerKind.CLICK})
MAX_DETAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row that was read, with the emails of its findings. A finding without an email is left out."""

    read: ReadRow
    matches: tuple[Match, ...]

    @property
    def suppresses(self) -> bool:
        """Whether it unsubscribes an address.

        Such rows have a transaction of their own, which starts with the suppression.
        """
        return any(each.finding.kind in SUPPRESSING for each in self.matches)

    def waits(self, sends: Mapping[str, Any]) -> bool:
        """Say whether the transmission of one of its emails must end first."""
        return not self.suppresses and any(
            each.send_id in sends and sends[each.send_id].status is SendStatus.TRANSMITTING for each in self.matches
        )


@dataclass(slots=True)
class _Effects:
    """The answers to emails of one workspace, while they are applied."""

    context: WorkspaceContext
    now: datetime
    sends: dict[str, Any]
    unchanged: dict[int, Message] = field(default_factory=dict)
    """Why a match has changed nothing, by ``id`` of the match."""


@retry_on_deadlock
async def apply(rows: Sequence[MatchedRow], runtime: JobRuntime) -> None:
    """Apply rows that suppress no address. Rows that another process has applied meanwhile are left out."""
    async with transaction():
        open_ids = await incoming.lock_open([each.read.row.id for each in rows])
        await _apply([each for each in rows if each.read.row.id in open_ids], runtime)


@retry_on_deadlock
async def apply_with_suppression(row: MatchedRow, runtime: JobRuntime) -> None:
    """Apply a row that unsubscribes addresses."""
    async with transaction():
        if not await incoming.lock_open([row.read.row.id]):
            return
        # First: a suppression locks the addresses of the workspace before it locks any email.
        with acting(*acting_source(row.read.row.source)):
            for found in row.matches:
                if found.finding.kind in SUPPRESSING:
                    await _suppress(found, runtime)
        await _apply([row], runtime)


async def _suppress(found: Match, runtime: JobRuntime) -> None:
    send = (await answered_emails.by_ids([found.send_id])).get(found.send_id)
    if send is None:
        return
    context = runtime.context_of(await Workspace.get(id=found.workspace_id))
    copies = (await copies_of([send])).get(send.id, NO_COPIES)
    address = address_of_copy(found.finding, copies) or await _address_of(send)
    reason, source = ReasonCode.UNSUBSCRIBED_AT_PROVIDER.message(), SuppressionSource.PROVIDER
    if found.finding.kind is AnswerKind.UNSUBSCRIBE_MAIL:
        reason, source = ReasonCode.UNSUBSCRIBED_BY_MAIL.message(), SuppressionSource.MAILTO
    if found.finding.kind is AnswerKind.COMPLAINT:
        reason, source = ReasonCode.COMPLAINED.message(), SuppressionSource.COMPLAINT
        data = {"email": address, "matchedBy": str(found.by)}
        await write([email_event(send, EventKind.COMPLAINED, context.now, data=data)])
    new = NewSuppression(address, address_key(address), context.now, reason.sentence)
    await suppress(context, [new], source, email_id=send.id)
    if found.finding.kind is AnswerKind.COMPLAINT:
        await answered_emails.mark_complained([send.id], context.now)


async def _apply(rows: Sequence[MatchedRow], runtime: JobRuntime) -> None:
    sends = await answered_emails.by_ids([each.send_id for row in rows for each in row.matches], lock=True)
    real_now = runtime.clock()
    waiting = [row for row in rows if row.waits(sends)]
    if waiting:
        reason = AnswerCode.IN_TRANSMISSION.message().sentence
        await incoming.postpone(
            [row.read.row.id for row in waiting], real_now + incoming.TRANSMISSION_WAIT, reason, counts=False
        )
    ready = [row for row in rows if row not in waiting]
    by_workspace: dict[tuple[str, str], list[Match]] = {}
    for row in ready:
        for each in row.matches:
            if each.send_id in sends:
                by_workspace.setdefault((each.workspace_id, row.read.row.source), []).append(each)
    unchanged: dict[int, Message] = {}
    for (workspace_id, source), matches in sorted(by_workspace.items()):
        context = runtime.context_of(await Workspace.get(id=workspace_id))
        effects = _Effects(context, context.now, sends)
        with acting(*acting_source(source)):
            await _apply_to_workspace(effects, matches)
        unchanged |= effects.unchanged
    await record_hits([_hit(each) for each in chain.from_iterable(by_workspace.values()) if each.finding.kind in HITS])
    await incoming.write_results([_result(row, sends, unchanged) for row in ready], real_now)


def _hit(found: Match) -> EmailHit:
    row = found.finding.row
    return email_hit(row.id, ReportedKind(row.kind), row.at, found.send_id, row.details)


async def _apply_to_workspace(effects: _Effects, found: Sequence[Match]) -> None:
    own = await _written_by_senders(effects, found)
    await write([_line_of_own(each, effects) for each in own])
    matches = [each for each in found if each not in own]
    await _prove_sent(effects, matches)
    await _settle_replies(effects, matches)
    await _settle_bounces(effects, matches)


async def _written_by_senders(effects: _Effects, matches: Sequence[Match]) -> list[Match]:
    """Return the matches that the emails' senders wrote themselves, even from a mailbox with another login."""
    correspondence = [each for each in matches if each.finding.kind in CORRESPONDENCE]
    if not correspondence:
        return []
    ids = sorted({effects.sends[each.send_id].sender_id for each in correspondence})
    keys = await answered_emails.sender_keys(ids)
    return [
        each
        for each in correspondence
        if each.finding.kind is AnswerKind.OWN
        or key_or_none(each.finding.reply.sender) == keys.get(effects.sends[each.send_id].sender_id, "")
    ]


def _line_of_own(found: Match, effects: _Effects) -> Line:
    data = {"subject": found.finding.reply.subject[:MAX_DETAIL_CHARACTERS], "matchedBy": str(found.by)}
    return email_event(effects.sends[found.send_id], EventKind.SENDER_WROTE, effects.now, data=data)


async def _prove_sent(effects: _Effects, matches: Sequence[Match]) -> None:
    """Mark emails as sent that are in doubt or due again, if an answer proves that they arrived.

    Opens and clicks do not prove it: a gateway follows links before it accepts or rejects an email.
    """
    proved: dict[str, Match] = {}
    for each in matches:
        send = effects.sends[each.send_id]
        if each.finding.kind in HITS:
            continue
        if send.status not in DECIDED_STATUSES and each.by is not MatchedBy.RECIPIENT:
            proved.setdefault(send.id, each)
        elif each.finding.kind is AnswerKind.DELIVERED:
            effects.unchanged[id(each)] = AnswerCode.UNCHANGED.message()
    if not proved:
        return
    times = {key: min(each.finding.row.at, effects.now) for key, each in proved.items()}
    await answered_emails.mark_sent(sorted(times.items()))
    await one_off_emails.add_all_reached(sorted(times))
    emails = await answered_emails.by_ids(list(proved))
    data = {"reason": ReasonCode.ANSWERED}
    await write([email_event(email, EventKind.EMAIL_SENT, effects.now, data=data) for email in emails.values()])
    for key, email in emails.items():
        effects.sends[key] = email
        if email.by_hand:
            await complete_task_of_email(effects.context, email, times[key])
    await finish_done([email.enrollment_id for email in emails.values()], effects.now)


async def _settle_replies(effects: _Effects, matches: Sequence[Match]) -> None:
    found = [each for each in matches if each.finding.kind in {AnswerKind.REPLY, AnswerKind.AUTO_REPLY}]
    if not found:
        return
    replies = [
        Replied(
            effects.sends[each.send_id], ReplyKind(each.finding.kind), _time(each, effects), each.finding.reply, each.by
        )
        for each in found
    ]
    for each, why in zip(found, await settle_replies(replies, effects.now), strict=True):
        if why is not None:
            effects.unchanged[id(each)] = why


async def _settle_bounces(effects: _Effects, matches: Sequence[Match]) -> None:
    found = [each for each in matches if each.finding.kind is AnswerKind.BOUNCE]
    if not found:
        return
    returned = []
    copies = await copies_of([effects.sends[each.send_id] for each in found])
    for each in list(found):
        send = effects.sends[each.send_id]
        failures = split_failures(each.finding.failures, copies.get(send.id, NO_COPIES))
        await write([_line_of_copy(send, *copy, effects) for copy in failures.copies])
        if failures.copies:
            await one_off_emails.remove_reached(send.id, [address for address, _ in failures.copies])
        if failures.only_copies:
            found.remove(each)
            continue
        address = await _address_of(send)
        failure = failure_of(address, failures.others)
        detail = " ".join(part for part in (failure.status, failure.diagnostic) if part)
        returned.append(Returned(send, address, failure.kind, failure.status, detail[:MAX_DETAIL_CHARACTERS], each.by))
    changed = await settle_returned(returned, effects.now)
    emails = await answered_emails.by_ids([each.send_id for each in found])
    for each in found:
        if each.send_id not in changed:
            replied = emails[each.send_id].replied_at is not None
            effects.unchanged[id(each)] = (
                AnswerCode.BOUNCE_AFTER_REPLY.message() if replied else AnswerCode.BOUNCED_BEFORE.message()
            )


def _line_of_copy(send: Any, address: str, failure: FailedRecipient, effects: _Effects) -> Line:
    detail = " ".join(part for part in (failure.status, failure.diagnostic) if part)
    data = {"email": address, "bounce": str(failure.kind), "detail": detail[:MAX_DETAIL_CHARACTERS]}
    return email_event(send, EventKind.COPY_BOUNCED, effects.now, data=data)


def _time(found: Match, effects: _Effects) -> datetime:
    """Return when an answer came: not before its email was sent, and not in the future."""
    sent_at = effects.sends[found.send_id].sent_at
    return min(max(found.finding.row.at, sent_at or found.finding.row.at), effects.now)


async def _address_of(send: Any) -> str:
    """Return the address to which an email was sent. Early releases did not store it."""
    return str(send.recipient or (await Person.get(id=send.person_id)).email)


def _result(row: MatchedRow, sends: dict[str, Any], unchanged: dict[int, Message]) -> Result:
    """Return the result of a row, with the first email that it changed."""
    read = row.read
    if read.ignored:
        return Result(read.row.id, read.kind, IncomingResult.IGNORED, read.reason)
    found = [each for each in row.matches if each.send_id in sends]
    if not found and read.kind == MailKind.OWN:
        return Result(read.row.id, read.kind, IncomingResult.IGNORED, read.reason)
    if not found:
        reason = _sentences([read.reason, AnswerCode.NO_EMAIL.message().sentence])
        return Result(read.row.id, read.kind, IncomingResult.UNMATCHED, reason)
    changed = [each for each in found if id(each) not in unchanged]
    shown = (changed or found)[0]
    result = IncomingResult.APPLIED if changed else IncomingResult.IGNORED
    why = [] if changed else [unchanged[id(shown)].sentence]
    about = shown.by, shown.workspace_id, shown.send_id
    return Result(read.row.id, read.kind, result, _sentences([read.reason, *why]), *about)


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
