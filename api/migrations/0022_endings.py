"""A campaign that is being ended for everyone says since when."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0021_jobs")]
    initial = False

    operations = [ops.AddField("Campaign", "ending_at", fields.DatetimeField(null=True))]
