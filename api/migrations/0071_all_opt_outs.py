"""When all people who have opted out in a CRM were last read."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0070_person_replies")]
    initial = False

    operations = [ops.AddField("CrmTaskSync", "all_opt_outs_at", fields.DatetimeField(null=True))]
