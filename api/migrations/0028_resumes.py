"""A resume is accepted while its pause is still applied, and a job extends the expiry of tasks after a resume."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0027_unsubscribing")]
    initial = False

    operations = [
        ops.AddField("Campaign", "resume_requested_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "paused_seconds", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("Task", "paused_seconds", fields.BigIntField(default=0, db_default=0)),
    ]
