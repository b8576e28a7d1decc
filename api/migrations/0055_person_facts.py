"""People whose address bounced are found by an index."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0054_erasure")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE INDEX person_bounced ON person (workspace_id) WHERE bounced_at IS NOT NULL",
            reverse_sql="DROP INDEX person_bounced",
        ),
    ]
