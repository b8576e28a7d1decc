"""An index of incoming mails and events that could not be processed: monitoring counts them."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0031_audiences")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE INDEX incoming_event_failed ON incoming_event (done_at) WHERE result = 'FAILED'",
            reverse_sql="DROP INDEX incoming_event_failed",
        ),
    ]
