"""A launch in the background knows whether it is also for people whose campaign has ended before."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0011_last_pause")]
    initial = False

    operations = [ops.AddField("Launch", "again", fields.BooleanField(default=False, db_default=False))]
