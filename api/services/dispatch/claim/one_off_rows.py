"""The rows that only one-off emails need: recipients of copies, the quoted email, tracking and attachments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.people import PersonCode
from api.mail.address import address_key
from api.mail.domains import blocking_domain
from api.mail.message.compose import EarlierEmail
from api.services.templates.earlier_texts import earlier_email
from api.states import Tracking
from api.store.emails import attachments, one_off_emails
from api.store.emails.attachments import Attachment
from api.store.emails.one_off_emails import OneOffEmail
from api.store.people.suppressions import suppressed_keys
from api.store.replies.bounces import bounced_keys
from plugins.contract import Channel
from strategies.codes import Message


@dataclass(frozen=True, slots=True)
class OneOffRows:
    """The rows of the one-off emails of a batch, by the email's id. Most batches have none, and then read nothing."""

    emails: Mapping[str, OneOffEmail] = field(default_factory=dict)
    files: Mapping[str, Sequence[Attachment]] = field(default_factory=dict)
    suppressed: Collection[str] = frozenset()
    """Keys of addresses of copies that have unsubscribed."""
    bounced: Collection[str] = frozenset()
    """Keys of addresses of copies that have bounced."""

    @classmethod
    async def load(cls, workspace_id: str, ids: Sequence[str]) -> "OneOffRows":
        """Load the rows of these emails."""
        if not ids:
            return NO_ONE_OFF_ROWS
        emails = await one_off_emails.find(ids)
        keys = sorted({address_key(address) for email in emails.values() for address in email.due_copies})
        suppressed = await suppressed_keys(workspace_id, keys) if keys else set()
        bounced = await bounced_keys(workspace_id, keys) if keys else set()
        return cls(emails, await attachments.of_emails(ids), suppressed, bounced)

    def template_id(self, send_id: str) -> str | None:
        """Return the template from which the email was written; None if it has none."""
        email = self.emails.get(send_id)
        return None if email is None else email.template_id

    def cc(self, send_id: str) -> tuple[str, ...]:
        """Return the addresses in Cc."""
        email = self.emails.get(send_id)
        return () if email is None else tuple(email.cc)

    def copies(self, send_id: str, recipient: str) -> tuple[str, ...]:
        """Return the addresses that get a copy. The recipient gets none, nor does an address that has got it before."""
        email = self.emails.get(send_id)
        if email is None or not email.copies:
            return ()
        own_key = address_key(recipient)
        return tuple(address for address in email.due_copies if address_key(address) != own_key)

    def has_reached(self, send_id: str, address: str) -> bool:
        """Say whether an address has got the email before, as a copy."""
        email = self.emails.get(send_id)
        return email is not None and bool(email.reached) and address_key(address) in email.reached_keys

    def earlier(self, send_id: str) -> EarlierEmail | None:
        """Return the email that a follow-up quotes."""
        email = self.emails.get(send_id)
        return None if email is None else earlier_email(email.earlier)

    def tracking(self, send_id: str) -> Tracking:
        """Return whether opens and clicks are tracked."""
        email = self.emails.get(send_id)
        return Tracking.OFF if email is None else email.tracking

    def why_not_send_copies(
        self, copies: Sequence[str], blocked_domains: Collection[str], channel: Channel | None
    ) -> Message | None:
        """Return why an email with these copies must not be sent, or None if it may be sent."""
        if copies and channel is not None and not channel.supports_copies:
            return ReasonCode.COPIES_NOT_SUPPORTED.message(channel=channel.key)
        for address in copies:
            key = address_key(address)
            if key in self.suppressed:
                return PersonCode.UNSUBSCRIBED.message(email=address)
            if key in self.bounced:
                return PersonCode.BOUNCED.message(email=address)
            if domain := blocking_domain(address, blocked_domains):
                return PersonCode.BLOCKED_DOMAIN.message(domain=domain)
        return None


NO_ONE_OFF_ROWS = OneOffRows()
