"""The people whose next steps wait for a send option that failed when they were calculated again. Usually nobody."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0079_failed_emails")]
    initial = False

    operations = [
        ops.AddField("Enrollment", "waits_from", fields.IntField(null=True)),
        ops.AddField("Enrollment", "waits_for", fields.CharField(max_length=64, null=True)),
        ops.RunSQL(
            sql="CREATE INDEX enrollment_waits ON enrollment (campaign_id, person_id) WHERE waits_from IS NOT NULL"
            " AND ended_at IS NULL",
            reverse_sql="DROP INDEX enrollment_waits",
        ),
    ]
