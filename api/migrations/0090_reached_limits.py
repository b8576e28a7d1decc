"""A sender stores until when one of its limits makes its emails wait, and which limit."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0089_import_lists")]
    initial = False

    operations = [
        ops.AddField("Sender", "limited_until", fields.DatetimeField(null=True)),
        ops.AddField("Sender", "limited_emails", fields.IntField(null=True)),
        ops.AddField("Sender", "limited_seconds", fields.IntField(null=True)),
    ]
