"""A one-off email can belong to a task that was created by hand."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0063_email_created")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="ALTER TABLE one_off_email ADD COLUMN task_id VARCHAR(40) REFERENCES task (id) ON DELETE SET NULL",
            reverse_sql="ALTER TABLE one_off_email DROP COLUMN task_id",
        ),
        ops.RunSQL(
            sql="CREATE UNIQUE INDEX one_off_email_task ON one_off_email (task_id) WHERE task_id IS NOT NULL",
            reverse_sql="DROP INDEX one_off_email_task",
        ),
    ]
