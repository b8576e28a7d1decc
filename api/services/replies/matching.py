"""Find the email that an incoming mail or event is about.

In this order: the Message-IDs that it names; the signed return address to which it was sent; the id that a provider
reports; and, only if exactly one email was sent to the address lately, the recipient. A Message-ID of Touchline
contains the email's id. Those of emails that reps sent from their own mailboxes are looked up.

A reply of a person must not be lost: if several emails were sent to its author lately, it belongs to the last one of
each campaign.

A complaint or an unsubscribe request with only an address must not be lost. It belongs to the last email to the address
in each workspace that has ever written to it. A request in words is a reply in each campaign.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from api.mail.address import AddressProblem, address_key
from api.services.replies.findings import ID_IN_MESSAGE_ID, AnswerKind, Finding
from api.states import MatchedBy, SendStatus
from api.store.replies import answered_emails
from api.store.replies.answered_emails import SentEmail
from api.store.replies.incoming import MAIL
from api.store.replies.own_messages import bare, emails_of_messages

RECIPIENT_PERIOD = timedelta(days=14)
"""How long after an email an answer without any reference can belong to it."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How much earlier than its email an answer can seem to be: clocks differ, and many servers truncate times."""


OwnMessages = Mapping[str, Sequence[str]]
"""The emails that reps sent from their own mailboxes, by Message-ID."""
RESTORED_STATUSES = (SendStatus.IN_DOUBT, SendStatus.SENT, SendStatus.BOUNCED)
"""Statuses of an email that was transmitted, or may have been, although the restored backup has no Message-ID of it."""


class Match(NamedTuple):
    """The email of a finding, as it was before it was locked."""

    finding: Finding
    send_id: str
    workspace_id: str
    by: MatchedBy


async def match(findings: Sequence[Finding]) -> list[tuple[Match, ...]]:
    """Return the emails of each finding: one or none, or several if only the address is known."""
    foreign = [each for finding in findings for each in finding.message_ids if not ID_IN_MESSAGE_ID.match(each.strip())]
    own = await emails_of_messages(foreign) if foreign else {}
    candidates = {send_id for finding in findings for send_id, _, _ in _named_ids(finding, own)}
    sends = await answered_emails.by_ids(sorted(candidates)) if candidates else {}
    matches = [_by_reference(finding, sends, own) for finding in findings]
    rest = [at for at, found in enumerate(matches) if not found and findings[at].addresses]
    for at in rest:
        if findings[at].is_about_address:
            matches[at] = await _by_address(findings[at])
    others = [at for at in rest if not findings[at].is_about_address]
    for at, found in zip(others, await _by_recipient([findings[each] for each in others]), strict=True):
        matches[at] = found
    return matches


def _named_ids(finding: Finding, own: OwnMessages) -> Iterable[tuple[str, MatchedBy, str | None]]:
    """Yield the ids of emails that a finding names, each with the Message-ID in which it was, the best first."""
    for message_id in finding.message_ids:
        if found := ID_IN_MESSAGE_ID.match(message_id.strip()):
            yield found[1].lower(), MatchedBy.MESSAGE_ID, message_id
        for send_id in own.get(bare(message_id), ()):
            yield send_id, MatchedBy.MESSAGE_ID, message_id
    if finding.returned_to is not None:
        yield finding.returned_to, MatchedBy.RETURN_ADDRESS, None
    if finding.email_id is not None:
        yield finding.email_id, MatchedBy.EMAIL_ID, None


def _by_reference(finding: Finding, sends: Mapping[str, Any], own: OwnMessages) -> tuple[Match, ...]:
    for send_id, by, message_id in _named_ids(finding, own):
        send = sends.get(send_id)
        # An email gets its Message-ID when its transmission begins. Without one, nobody can answer it, unless the
        # database is a restored backup that does not know the transmission.
        if send is None or (send.message_id is None and send.status not in RESTORED_STATUSES):
            continue
        if message_id is None or send.message_id is None or bare(message_id) == bare(send.message_id):
            return (Match(finding, send_id, send.workspace_id, by),)
    return ()


async def _by_address(finding: Finding) -> tuple[Match, ...]:
    """Return the last email to the address in each workspace that has written to it, or of each campaign if it asks.

    Only emails of senders with the event's sender address, or with the mailbox of the mail, count. If the event has no
    sender address, or the mailbox belongs to no sender, such as that of the return address, emails of all senders
    count.
    """
    own_keys = sorted(_keys(finding.row.own_addresses))
    if own_keys and finding.row.kind == MAIL and not await answered_emails.have_senders(own_keys):
        own_keys = []
    keys = _keys(finding.addresses)
    emails = await answered_emails.may_have_reached(sorted(keys), own_keys)
    by_campaign = finding.reply.asks_to_unsubscribe
    last = {
        (each.workspace_id, key, each.enrollment_id if by_campaign else ""): each
        for each in emails
        for key in keys & _keys([each.recipient])
    }
    return tuple(Match(finding, each.id, each.workspace_id, MatchedBy.RECIPIENT) for _, each in sorted(last.items()))


async def _by_recipient(findings: Sequence[Finding]) -> list[tuple[Match, ...]]:
    """Return the emails of each finding by the recipient's address.

    Only emails of senders with the mailbox of the mail count, and of a reply also those of the senders to whom it was
    written: one mailbox can receive the mails of several senders, and not every login is an address.
    """
    sender_keys = [_keys([*each.row.own_addresses, *each.written_to]) for each in findings]
    all_keys = sorted(set().union(*sender_keys))
    if not all_keys:
        return [()] * len(findings)
    earliest = min(each.row.at for each in findings) - RECIPIENT_PERIOD
    recipient_keys = sorted({key for each in findings for key in _keys(each.addresses)})
    sent = await answered_emails.sent_to(all_keys, recipient_keys, earliest)
    return [_emails_lately(each, own, sent) for each, own in zip(findings, sender_keys, strict=True)]


def _emails_lately(finding: Finding, sender_keys: set[str], sent: Sequence[SentEmail]) -> tuple[Match, ...]:
    keys, earliest = _keys(finding.addresses), finding.row.at - RECIPIENT_PERIOD
    latest = finding.row.at + CLOCK_TOLERANCE
    emails = [
        each
        for each in sent
        if each.sender_key in sender_keys and earliest < each.sent_at <= latest and keys & _keys([each.recipient])
    ]
    if finding.kind is AnswerKind.REPLY:
        in_order = sorted(emails, key=lambda each: (each.sent_at, each.id))
        emails = list({(each.workspace_id, each.enrollment_id): each for each in in_order}.values())
    elif len(emails) != 1:
        return ()
    return tuple(Match(finding, each.id, each.workspace_id, MatchedBy.RECIPIENT) for each in emails)


def _keys(addresses: Iterable[str]) -> set[str]:
    """Return the keys of addresses, without those that cannot be addresses."""
    return {key for address in addresses if (key := key_or_none(address)) is not None}


def key_or_none(address: str) -> str | None:
    """Return the key of an address; None if it cannot be an address."""
    try:
        return address_key(address)
    except AddressProblem:
        return None
