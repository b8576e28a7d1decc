"""Detects mails that ask to unsubscribe with a signed token, and finds the email whose recipient asks."""

from collections.abc import Sequence
from typing import Protocol

from api.mail.unsubscribing.mail_addresses import signed_email

OTHER_KINDS = frozenset({"BOUNCE", "COMPLAINT", "OWN"})
"""Kinds of mail that never ask to unsubscribe. They can quote a token that belongs to somebody else."""
MAX_SEARCHED_RECIPIENTS = 50
"""How many recipients of a mail are searched for a token."""


class ReadMail(Protocol):
    """The fields of a MailReading that this module uses."""

    @property
    def kind(self) -> str:
        """The kind of mail, a member of MailKind."""

    @property
    def recipients(self) -> Sequence[str]:
        """The addresses in To, Cc, Delivered-To and similar headers."""

    @property
    def subject(self) -> str:
        """The subject."""


def email_to_unsubscribe(mail: ReadMail, secrets: Sequence[str]) -> str | None:
    """Return the id of the email (``snd_…``) whose recipient asks to unsubscribe; None if the mail does not ask for it.

    Only a valid token counts, in the subject or in a recipient. Anybody can forge the sender of a mail, so a mail
    without a token unsubscribes nobody: it is an ordinary reply.
    """
    if str(mail.kind) in OTHER_KINDS:
        return None
    return signed_email(secrets, (mail.subject, *mail.recipients[:MAX_SEARCHED_RECIPIENTS]))
