"""The ranges of time in which a send option lets emails be sent. Emails with the same ranges share one row."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0076_fact_changes")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE TABLE allowed_times (id VARCHAR(64) NOT NULL PRIMARY KEY, ranges TEXT NOT NULL,"
            " used_on DATE NOT NULL)",
            reverse_sql="DROP TABLE allowed_times",
        ),
        ops.AddField("Send", "allowed_times_id", fields.CharField(max_length=64, null=True)),
        ops.RunSQL(
            sql="CREATE INDEX send_allowed_times ON send (allowed_times_id)"
            " WHERE allowed_times_id IS NOT NULL AND status <> 'SENT'",
            reverse_sql="DROP INDEX send_allowed_times",
        ),
    ]
