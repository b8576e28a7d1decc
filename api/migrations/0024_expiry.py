"""Tasks that can expire have an index of their own, which leaves out those of paused campaigns and of sandboxes."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

EXPIRING = "status = 'OPEN' AND expires_at IS NOT NULL AND NOT held"
INDEXES = {
    "task_expiry": f"task (expires_at) WHERE {EXPIRING} AND NOT sandbox",
    "task_expiry_of_workspace": f"task (workspace_id, expires_at) WHERE {EXPIRING}",
}


class Migration(migrations.Migration):
    dependencies = [("touchline", "0023_lists")]
    initial = False

    operations = [
        ops.AddField("Task", "held", fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(
            sql="UPDATE task SET held = true WHERE status = 'OPEN' AND enrollment_id IN (SELECT enrollment.id"
            " FROM enrollment JOIN campaign ON campaign.id = enrollment.campaign_id WHERE paused_at IS NOT NULL)",
            reverse_sql="UPDATE task SET held = false",
        ),
        *(
            ops.RunSQL(sql=f"CREATE INDEX {name} ON {columns}", reverse_sql=f"DROP INDEX {name}")
            for name, columns in INDEXES.items()
        ),
        ops.RunSQL(
            sql='DROP INDEX IF EXISTS "idx_task_status_d71567"',
            reverse_sql='CREATE INDEX "idx_task_status_d71567" ON "task" ("status", "expires_at")',
        ),
    ]
