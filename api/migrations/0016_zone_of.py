"""Why an enrollment has its zone: it is the sender's, the recipient's, or the sender's for want of the recipient's."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0015_imports")]
    initial = False

    operations = [
        ops.AddField("Enrollment", "zone_of", fields.CharField(null=True, max_length=10)),
    ]
