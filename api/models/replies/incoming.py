"""Incoming mails and reported events, and the replies among them."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import WorkspaceRow, varchar, workspace_key
from api.states import IncomingResult, MatchedBy, ReplyKind


class IncomingEvent(Model):
    """A mail or a reported event. ``source`` and ``key`` identify it, so that it counts once.

    The row is stored before the mail is read, so at first it belongs to no workspace. ``kind`` is MAIL until the mail
    is read, then a kind of mail, or a ``ReportedKind``. ``content`` has the bytes of a mail, until it is processed.
    ``details`` has the other values. ``result`` is null until the row is processed. A row that fails is tried again at
    ``due_at``. Times are real times, even in a sandbox, except ``at``.
    """

    id = varchar(primary_key=True)
    source = varchar(100)
    key = varchar(255)
    kind = varchar(20)
    # When the mail was received or the event happened.
    at = fields.DatetimeField()
    stored_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    content = fields.BinaryField(null=True)
    details: Any = fields.JSONField(default=dict)
    # How often a process started to work on the row. It is counted before the work, because a mail may crash the
    # process.
    attempts = fields.IntField(default=0)
    # The attempts that failed with an error. During the other ones, the process ended.
    errors = fields.IntField(default=0, db_default=0)
    result = fields.CharEnumField(IncomingResult, null=True, max_length=20)
    # A sentence for people: why the mail has this kind, why the row matched no email, or why it failed.
    reason = fields.TextField(default="")
    done_at = fields.DatetimeField(null=True)
    matched_by = fields.CharEnumField(MatchedBy, null=True, max_length=20)
    workspace: Any = workspace_key(null=True)
    workspace_id: str | None
    send_id = varchar(null=True)

    class Meta:
        table = "incoming_event"
        unique_together = (("source", "key"),)


class Reply(WorkspaceRow):
    """A reply, or an automatic reply, to an email. ``at`` is when it was received, by the workspace's clock.

    ``sender`` is the address in From, which may be another than that of the person. ``text`` has no quotes and no
    signature. A reply that two mailboxes receive counts once: by ``message_id``, which is its Message-ID, or by
    ``content_key`` if it has none.
    """

    send: Any = fields.ForeignKeyField("touchline.Send", on_delete=fields.CASCADE)
    send_id: str
    kind = fields.CharEnumField(ReplyKind, max_length=20)
    at = fields.DatetimeField()
    sender = varchar(320, default="")
    subject = fields.TextField(default="")
    text = fields.TextField(default="")
    message_id = varchar(400, null=True)
    content_key = varchar(64, null=True)
    """A digest of the sender, the date, the subject and the text."""
    matched_by = fields.CharEnumField(MatchedBy, null=True, max_length=20)

    class Meta:
        table = "reply"
        unique_together = (("send_id", "message_id"),)
