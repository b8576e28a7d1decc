"""Accounts of mailboxes, and how far their folders are read."""

from tortoise import fields
from tortoise.models import Model

from api.models.columns import varchar
from api.states import MailboxState


class MailboxAccount(Model):
    """An account of a mailbox, such as "imap:SALES". It belongs to the server, not to a workspace.

    The process that has the lease reads the account. Times are real times.
    """

    account = varchar(200, primary_key=True)
    state = fields.CharEnumField(MailboxState, default=MailboxState.STARTING, max_length=20)
    # The process that reads the account, and until when unless it renews the lease.
    owner = varchar(null=True)
    lease_until = fields.DatetimeField(null=True)
    # When all folders were last found to be read completely.
    checked_at = fields.DatetimeField(null=True)
    # The last failure, how many there are in a row, and since when. It is kept until the account works.
    code = varchar(64, default="")
    detail = fields.TextField(default="")
    failures = fields.IntField(default=0)
    failing_since = fields.DatetimeField(null=True)
    # No process opens the account before this time.
    retry_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mailbox"


class MailboxFolder(Model):
    """A folder of an account. ``cursor`` says which mails are stored; the plugin of the mailbox writes and reads it."""

    id = varchar(primary_key=True)
    account = varchar(200)
    name = varchar(255)
    cursor = fields.TextField()
    # Number of stored mails, without those that were already stored from another folder.
    mails = fields.BigIntField(default=0)
    # When a mail was last stored.
    last_mail_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mailbox_folder"
        unique_together = (("account", "name"),)
