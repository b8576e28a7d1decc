"""How far the opt-outs of a workspace are synced with a CRM."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0065_job_actors")]
    initial = False

    operations = [
        ops.AddField("CrmTaskSync", "opt_outs_since", fields.DatetimeField(null=True)),
        ops.AddField("CrmTaskSync", "pulled_opt_outs_at", fields.DatetimeField(null=True)),
    ]
