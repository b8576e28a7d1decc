"""Accounts of mailboxes, and how far their folders are read."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.states import MailboxState


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


class Migration(migrations.Migration):
    dependencies = [("touchline", "0029_tracking")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE mailbox",
            name="MailboxAccount",
            fields=[
                ("account", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=200)),
                ("state", fields.CharEnumField(default=MailboxState.STARTING, enum_type=MailboxState, max_length=20)),
                ("owner", fields.CharField(null=True, max_length=40)),
                ("lease_until", fields.DatetimeField(null=True)),
                ("checked_at", fields.DatetimeField(null=True)),
                ("code", fields.CharField(default="", max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("failures", fields.IntField(default=0)),
                ("failing_since", fields.DatetimeField(null=True)),
                ("retry_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "mailbox",
                "app": "touchline",
                "pk_attr": "account",
                "table_description": "An account of a mailbox.",
            },
            bases=["Model"],
        ),
        CreateTable(
            "DROP TABLE mailbox_folder",
            name="MailboxFolder",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("account", fields.CharField(max_length=200)),
                ("name", fields.CharField(max_length=255)),
                ("cursor", fields.TextField(unique=False)),
                ("mails", fields.BigIntField(default=0)),
                ("last_mail_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "mailbox_folder",
                "app": "touchline",
                "unique_together": (("account", "name"),),
                "pk_attr": "id",
                "table_description": "A folder of an account, and how far it is read.",
            },
            bases=["Model"],
        ),
    ]
