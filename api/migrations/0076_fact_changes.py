"""An index of the people about whom a fact has changed that a send option reads. Few rows are in it at a time."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0075_restored_connections")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="CREATE INDEX enrollment_changed ON enrollment (workspace_id, campaign_id) WHERE revision = -2"
            " AND ended_at IS NULL",
            reverse_sql="DROP INDEX enrollment_changed",
        ),
    ]
