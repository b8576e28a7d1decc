"""What a rep wrote is final. What was written before was a template, and stays one."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0008_launch_audience")]
    initial = False

    operations = [
        ops.AddField("Send", "written_as_template", fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(
            sql="UPDATE send SET written_as_template = true WHERE subject IS NOT NULL OR html IS NOT NULL",
            reverse_sql="UPDATE send SET written_as_template = false",
        ),
    ]
