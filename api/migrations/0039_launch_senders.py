"""The sender that a launch chooses, for its enrollments. Null means the campaign's sender."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0038_orders")]
    initial = False

    operations = [
        ops.AddField("Enrollment", "sender_id", fields.CharField(null=True, max_length=40)),
        ops.AddField("Launch", "sender_id", fields.CharField(null=True, max_length=40)),
    ]
