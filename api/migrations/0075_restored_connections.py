"""When the backup was made that the database of a CRM's connection was restored from."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0074_pause_starts")]
    initial = False

    operations = [ops.AddField("CrmConnection", "restored_as_of", fields.DatetimeField(null=True))]
