"""Which accounts of channels a workspace may use. Null, as in every workspace until now: all of them."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0018_address_keys")]
    initial = False

    operations = [ops.AddField("Workspace", "accounts", fields.JSONField(null=True))]
