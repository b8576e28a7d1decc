"""Who was launched before a step was added is known by the campaign's revision instead of a clock."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Each step that was added counts as one revision: those that a person was launched before stay behind theirs.
STEP = """UPDATE step SET added_revision = (SELECT count(DISTINCT other.added_at) FROM step AS other
    WHERE other.campaign_id = step.campaign_id AND other.added_at <= step.added_at) WHERE added_at IS NOT NULL"""
PEOPLE = """UPDATE {table} SET {column} = (SELECT count(DISTINCT step.added_at) FROM step
    WHERE step.campaign_id = {table}.campaign_id AND step.added_at <= {moment})"""


class Migration(migrations.Migration):
    dependencies = [("touchline", "0016_zone_of")]
    initial = False

    operations = [
        ops.AddField("Step", "added_revision", fields.IntField(null=True)),
        ops.AddField("Enrollment", "launched_revision", fields.IntField(default=0, db_default=0)),
        ops.AddField("Launch", "revision", fields.IntField(default=0, db_default=0)),
        ops.RunSQL(sql=STEP, reverse_sql="UPDATE step SET added_revision = NULL"),
        ops.RunSQL(
            sql=PEOPLE.format(table="enrollment", column="launched_revision", moment="enrollment.launched_at"),
            reverse_sql="UPDATE enrollment SET launched_revision = 0",
        ),
        ops.RunSQL(
            sql=PEOPLE.format(
                table="launch", column="revision", moment="coalesce(launch.resumed_at, launch.launched_at)"
            ),
            reverse_sql="UPDATE launch SET revision = 0",
        ),
    ]
