"""Jobs have the actor who asked for them, so that their events name the actor."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0064_hand_emails")]
    initial = False

    operations = [ops.AddField("Job", "actor", fields.CharField(null=True, max_length=250))]
