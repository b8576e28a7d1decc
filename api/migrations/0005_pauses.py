"""Pauses of campaigns and of launches in the background: emails on hold, and what resuming has moved."""

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("touchline", "0004_launches")]
    initial = False

    operations = [
        ops.AddField("Campaign", "paused_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "resumed_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "holds", fields.CharField(null=True, max_length=40)),
        ops.AddField("Campaign", "holds_lease", fields.DatetimeField(null=True)),
        ops.AddField(
            "Enrollment",
            "resumed",
            fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.AddField("Launch", "resumed_at", fields.DatetimeField(null=True)),
        ops.AddField("Launch", "paused_with_campaign", fields.BooleanField(default=False, db_default=False)),
        ops.AddField("Send", "held", fields.BooleanField(default=False, db_default=False)),
        # What is on hold is not in the index of what waits, so that no dispatch ever walks over it.
        ops.RunSQL(
            sql="DROP INDEX send_waiting",
            reverse_sql="CREATE INDEX send_waiting ON send (sender_id, due_at, id) WHERE status IN ('SCHEDULED', 'DEFERRED')",
        ),
        ops.RunSQL(
            sql="CREATE INDEX send_waiting ON send (sender_id, due_at, id) WHERE status IN ('SCHEDULED', 'DEFERRED') AND NOT held",
            reverse_sql="DROP INDEX send_waiting",
        ),
        ops.RunSQL(
            sql="CREATE INDEX send_held ON send (enrollment_id) WHERE held",
            reverse_sql="DROP INDEX send_held",
        ),
    ]
