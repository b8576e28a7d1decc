"""Test emails, which users send to themselves."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar


class TestEmail(WorkspaceRow):
    """A test email. It belongs to no campaign and no person, is in no folder, and is neither counted nor tracked.

    ``outcome`` is None from the commit before the transmission until the answer is stored. ``at`` is real time.
    """

    __test__ = False  # pytest does not collect it

    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.CASCADE)
    sender_id: str
    recipient = varchar(320)
    outcome = varchar(20, null=True)
    reason = varchar(64, null=True)
    detail = fields.TextField(default="")
    at = fields.DatetimeField()

    class Meta:
        table = "test_email"
        indexes = (("workspace_id", "at"),)
