"""Senders have a job title and a signature."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0039_launch_senders")]
    initial = False

    operations = [
        ops.AddField("Sender", "title", fields.CharField(default="", db_default="", max_length=200)),
        ops.AddField("Sender", "signature", fields.TextField(default="", db_default="", unique=False)),
        ops.AddField("Sender", "append_signature", fields.BooleanField(default=True, db_default=True)),
    ]
