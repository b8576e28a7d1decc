"""Tell errors from the ends of processes in the counts of jobs and of incoming mails and events."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0080_waiting_people")]
    initial = False

    operations = [
        ops.AddField("Job", "errors", fields.IntField(db_default=0)),
        ops.AddField("IncomingEvent", "errors", fields.IntField(db_default=0)),
        ops.RunSQL(
            sql="UPDATE job SET errors = failures WHERE finished_at IS NULL AND problem IS NOT NULL",
            reverse_sql="SELECT 1",
        ),
        ops.RunSQL(
            sql="UPDATE incoming_event SET errors = attempts WHERE done_at IS NULL AND reason <> ''",
            reverse_sql="SELECT 1",
        ),
    ]
