"""When a person was erased: the row stays without personal data."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0053_event_filters")]
    initial = False

    operations = [ops.AddField("Person", "erased_at", fields.DatetimeField(null=True))]
