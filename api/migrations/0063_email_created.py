"""Emails have the time at which they were created; it is null for those of earlier releases."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0062_crm_people")]
    initial = False

    operations = [ops.AddField("Send", "created_at", fields.DatetimeField(null=True))]
