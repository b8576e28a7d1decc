"""People and CSV imports."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar
from api.states import ImportStatus, OnKnown


class Person(WorkspaceRow):
    """A recipient of campaigns. ``email_key`` is ``address_key(email)``, which is the same for one mailbox.

    ``own_fields`` are dynamic fields by name. ``zone`` is an IANA time zone; null if it is unknown.
    """

    email = varchar(320)
    email_key = varchar(320)
    first_name = varchar(200, default="")
    last_name = varchar(200, default="")
    title = varchar(200, default="")
    company = varchar(200, default="")
    zone = varchar(64, null=True)
    own_fields: Any = fields.JSONField(default=dict)
    bounced_at = fields.DatetimeField(null=True)
    # When the last reply came. Automatic replies do not count.
    replied_at = fields.DatetimeField(null=True)
    # When the person was erased or merged. The row stays without personal data: emails, tasks and counts refer to it.
    erased_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    @property
    def is_merged(self) -> bool:
        """Whether the person was merged into another one. Such a row is erased, and its emails are moving."""
        return bool(self.email_key == f"merged:{self.id}")

    class Meta:
        table = "person"
        unique_together = (("workspace_id", "email_key"),)


class PeopleImport(WorkspaceRow):
    """A CSV import: its progress and the refused rows.

    Until the import is over, the file's text is in the table import_source (see store/people/imports.py).
    """

    status = fields.CharEnumField(ImportStatus, default=ImportStatus.RUNNING, max_length=20)
    total = fields.IntField()
    processed = fields.IntField(default=0)
    created = fields.IntField(default=0)
    updated = fields.IntField(default=0)
    skipped = fields.IntField(default=0)
    failed = fields.IntField(default=0)
    suppressed = fields.IntField(default=0, db_default=0)
    repeated = fields.IntField(default=0)
    on_known = fields.CharEnumField(OnKnown, default=OnKnown.UPDATE, max_length=20)
    dry_run = fields.BooleanField(default=False)
    # Where the people come from, if it is a CRM: the source, and how far it is read. Null for a file.
    crm_source: Any = fields.JSONField(null=True)
    # The group to which the people of the file are added.
    people_group_id = varchar(null=True)
    created_at = fields.DatetimeField()
    problem = fields.TextField(null=True)
    refusals: fields.ReverseRelation["ImportRefusal"]

    class Meta:
        table = "people_import"


class ImportRefusal(WorkspaceRow):
    """One row of a CSV that was refused, and why."""

    people_import: Any = fields.ForeignKeyField(
        "touchline.PeopleImport", related_name="refusals", on_delete=fields.CASCADE
    )
    people_import_id: str
    row = fields.IntField()
    column = fields.CharField(max_length=200, null=True)
    code = varchar(64)
    message = fields.TextField()

    class Meta:
        table = "import_refusal"
