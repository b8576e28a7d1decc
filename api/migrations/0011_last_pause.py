"""When a campaign's last pause began, which its resume still has to know."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0010_suppressions")]
    initial = False

    operations = [
        ops.AddField("Campaign", "last_paused_at", fields.DatetimeField(null=True)),
        ops.RunSQL(
            sql="UPDATE campaign SET last_paused_at = paused_at WHERE paused_at IS NOT NULL",
            reverse_sql="UPDATE campaign SET last_paused_at = NULL",
        ),
    ]
