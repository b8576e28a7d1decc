"""The time at which the pause of an account began. It shows whether a long pause is due to a clock that was set back."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0073_plugin_health")]
    initial = False

    operations = [ops.AddField("AccountPause", "paused_at", fields.DatetimeField(null=True))]
