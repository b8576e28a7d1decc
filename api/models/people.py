"""People and CSV imports."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import NO_OWN_INDEX, key, workspace_key
from api.states import ImportStatus, OnKnown


class Person(Model):
    """Someone to whom campaigns are sent. ``email_key`` is the normal form of ``email``: one for each mailbox."""

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX)
    workspace_id: str
    email = key(320)
    email_key = key(320)
    first_name = key(200, default="")
    last_name = key(200, default="")
    title = key(200, default="")
    company = key(200, default="")
    zone = key(64, null=True)
    own_fields: Any = fields.JSONField(default=dict)
    bounced_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "person"
        unique_together = (("workspace_id", "email_key"),)


class PeopleImport(Model):
    """A CSV import: its text until it is finished, its progress, and the refused rows."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    status = fields.CharEnumField(ImportStatus, default=ImportStatus.RUNNING, max_length=20)
    source = fields.TextField(default="")
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
    created_at = fields.DatetimeField()
    problem = fields.TextField(null=True)
    refusals: fields.ReverseRelation["ImportRefusal"]

    class Meta:
        table = "people_import"


class ImportRefusal(Model):
    """One row of a CSV that was refused, and why."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    people_import: Any = fields.ForeignKeyField(
        "touchline.PeopleImport", related_name="refusals", on_delete=fields.CASCADE
    )
    people_import_id: str
    row = fields.IntField()
    column = fields.CharField(max_length=200, null=True)
    code = key(64)
    message = fields.TextField()

    class Meta:
        table = "import_refusal"
