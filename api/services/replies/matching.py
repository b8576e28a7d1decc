"""Find the email that an incoming mail or event is about.

In this order: the Message-IDs that it names; the signed return address to which it was sent; the id that a provider
reports; and, only if exactly one email was sent to the address lately, the recipient. The Message-ID of an email
contains the email's id, so that no search is needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from api.mail.address import AddressProblem, address_key
from api.services.replies.findings import ID_IN_MESSAGE_ID, AnswerKind, Finding
from api.states import MatchedBy
from api.store import answered_emails
from api.store.answered_emails import SentEmail

RECIPIENT_PERIOD = timedelta(days=14)
"""How long after an email an answer without any reference can belong to it."""
ADDRESS_ANSWERS = frozenset({AnswerKind.COMPLAINT, AnswerKind.UNSUBSCRIBE})
"""Answers that change the address and not only the email. Several emails to it do not make them ambiguous."""


class Match(NamedTuple):
    """The email of a finding, as it was before it was locked."""

    finding: Finding
    send_id: str
    workspace_id: str
    by: MatchedBy


async def match(findings: Sequence[Finding]) -> list[Match | None]:
    """Return the email of each finding; None if there is none."""
    candidates = {send_id for finding in findings for send_id, _, _ in _named_ids(finding)}
    sends = await answered_emails.by_ids(sorted(candidates)) if candidates else {}
    matches = [_by_reference(finding, sends) for finding in findings]
    rest = [at for at, found in enumerate(matches) if found is None and findings[at].addresses]
    for at, found in zip(rest, await _by_recipient([findings[each] for each in rest]), strict=True):
        matches[at] = found
    return matches


def _named_ids(finding: Finding) -> Iterable[tuple[str, MatchedBy, str | None]]:
    """Yield the ids of emails that a finding names, each with the Message-ID in which it was, the best first."""
    for message_id in finding.message_ids:
        if found := ID_IN_MESSAGE_ID.match(message_id.strip()):
            yield found[1].lower(), MatchedBy.MESSAGE_ID, message_id
    if finding.returned_to is not None:
        yield finding.returned_to, MatchedBy.RETURN_ADDRESS, None
    if finding.email_id is not None:
        yield finding.email_id, MatchedBy.EMAIL_ID, None


def _by_reference(finding: Finding, sends: Mapping[str, Any]) -> Match | None:
    for send_id, by, message_id in _named_ids(finding):
        send = sends.get(send_id)
        # An email gets its Message-ID when its transmission begins. Without one, nobody can answer it.
        if send is None or send.message_id is None:
            continue
        if message_id is None or _bare(message_id) == _bare(send.message_id):
            return Match(finding, send_id, send.workspace_id, by)
    return None


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>").lower()


async def _by_recipient(findings: Sequence[Finding]) -> list[Match | None]:
    """Return the email of each finding by the recipient's address, among senders with the mailbox of the mail."""
    by_mailbox: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        by_mailbox.setdefault(tuple(sorted(_keys(finding.row.own_addresses))), []).append(finding)
    found: dict[int, Match | None] = {}
    for own_keys, those in by_mailbox.items():
        if own_keys:
            earliest = min(each.row.at for each in those) - RECIPIENT_PERIOD
            wanted = sorted({key for each in those for key in _keys(each.addresses)})
            sent = await answered_emails.sent_to(own_keys, wanted, earliest)
            found |= {id(each): _only_email(each, sent) for each in those}
    return [found.get(id(finding)) for finding in findings]


def _only_email(finding: Finding, sent: Sequence[SentEmail]) -> Match | None:
    keys, at = _keys(finding.addresses), finding.row.at
    emails = [each for each in sent if at - RECIPIENT_PERIOD < each.sent_at <= at and keys & _keys([each.recipient])]
    if finding.kind in ADDRESS_ANSWERS:
        emails = sorted(emails, key=lambda each: (each.sent_at, each.id))[-1:]
    if len(emails) != 1:
        return None
    return Match(finding, emails[0].id, emails[0].workspace_id, MatchedBy.RECIPIENT)


def _keys(addresses: Iterable[str]) -> set[str]:
    """Return the keys of addresses, without those that cannot be addresses."""
    return {key for address in addresses if (key := key_or_none(address)) is not None}


def key_or_none(address: str) -> str | None:
    """Return the key of an address; None if it cannot be an address."""
    try:
        return address_key(address)
    except AddressProblem:
        return None
