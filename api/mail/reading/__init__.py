"""Reads received mails: replies, automatic answers, bounces, complaints. Pure: no database, no clock, no network.

Imports: codes, plugins, strategies.
Imported by: cli, services.replies.
"""

from collections.abc import Collection

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading.mail_reading import FailedRecipient, MailKind, MailReading, ReadingReason

__all__ = ["FailedRecipient", "MailKind", "MailReading", "MailReason", "ReadingReason", "read_mail"]


def read_mail(data: bytes, own_addresses: Collection[str] = ()) -> MailReading:
    """Read and classify a mail. ``own_addresses`` are the addresses of the mailbox that received it."""
    # Imported with the first mail: compiling the words of all languages takes 0.1 s, which no start waits for.
    from api.mail.reading import mail_classification

    return mail_classification.read_mail(data, own_addresses)
