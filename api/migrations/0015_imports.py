"""Imports may skip known addresses and be tried without writing; a refused row names its column."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0014_bounces")]
    initial = False

    operations = [
        ops.AddField("PeopleImport", "skipped", fields.IntField(default=0, db_default=0)),
        ops.AddField("PeopleImport", "repeated", fields.IntField(default=0, db_default=0)),
        ops.AddField(
            "PeopleImport", "on_known", fields.CharField(default="UPDATE", db_default="UPDATE", max_length=20)
        ),
        ops.AddField("PeopleImport", "dry_run", fields.BooleanField(default=False, db_default=False)),
        ops.AddField("ImportRefusal", "column", fields.CharField(max_length=200, null=True)),
    ]
