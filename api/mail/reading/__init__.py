"""Reads received mails: replies, automatic answers, bounces, complaints. Pure: no database, no clock, no network.

Imports: codes, plugins, strategies.
Imported by: cli, services.replies.
"""

from api.codes.mail_reasons import MailReason
from api.mail.reading.mail_reading import FailedRecipient, MailKind, MailReading, ReadingReason
from api.mail.reading.verdict import read_mail

__all__ = ["FailedRecipient", "MailKind", "MailReading", "MailReason", "ReadingReason", "read_mail"]
