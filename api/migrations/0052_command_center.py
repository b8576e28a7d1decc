"""Tasks about an email, and emails that people opened, clicked or answered, are found by indexes."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    "task_about": "task (about_send_id, id) WHERE about_send_id IS NOT NULL",
    "engagement_opened": "engagement (workspace_id) WHERE opens > 0",
    "engagement_clicked": "engagement (workspace_id) WHERE clicks > 0",
    "send_replied": "send (workspace_id) WHERE replied_at IS NOT NULL",
}


class Migration(migrations.Migration):
    dependencies = [("touchline", "0051_test_emails")]
    initial = False

    operations = [
        ops.RunSQL(sql=f"CREATE INDEX {name} ON {columns}", reverse_sql=f"DROP INDEX {name}")
        for name, columns in INDEXES.items()
    ]
