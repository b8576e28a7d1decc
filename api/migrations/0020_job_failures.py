"""Background jobs count their attempts without progress, and keep the reason for which they failed."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0019_workspace_accounts")]
    initial = False

    operations = [
        ops.AddField("PeopleImport", "failures", fields.IntField(default=0, db_default=0)),
        ops.AddField("PeopleImport", "problem", fields.TextField(null=True)),
        ops.AddField("Launch", "failures", fields.IntField(default=0, db_default=0)),
        ops.AddField("Launch", "problem", fields.TextField(null=True)),
        ops.AddField("Campaign", "holds_failures", fields.IntField(default=0, db_default=0)),
        ops.AddField("Campaign", "edit_failures", fields.IntField(default=0, db_default=0)),
        ops.AddField("Campaign", "job_problem", fields.TextField(null=True)),
    ]
