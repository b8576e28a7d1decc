"""What dispatch on many machines keeps: waits of accounts, throttles of senders, and the resending of doubts."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


def _key() -> "fields.CharField[str]":
    return fields.CharField(max_length=40)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0002_tz_database")]
    initial = False

    operations = [
        ops.AddField("Sender", "throttle_emails", fields.IntField(null=True)),
        ops.AddField("Sender", "throttle_seconds", fields.IntField(null=True)),
        ops.AddField("Sender", "daily_cap", fields.IntField(null=True)),
        ops.AddField("Campaign", "in_doubt_resends", fields.IntField(default=0, db_default=0)),
        ops.AddField("Send", "doubts", fields.IntField(default=0, db_default=0)),
        ops.RemoveIndex("Send", fields=["status", "due_at"]),
        ops.RemoveIndex("Send", fields=["status", "lease_until"]),
        ops.CreateModel(
            name="AccountPause",
            fields=[
                ("account", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=200)),
                ("until", fields.DatetimeField()),
                ("code", fields.CharField(max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("failures", fields.IntField(default=1)),
            ],
            options={
                "table": "account_pause",
                "app": "touchline",
                "pk_attr": "account",
                "table_description": "An account of a channel that waits, because it was in trouble.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Departure",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("sender_id", _key()),
                ("send_id", _key()),
                ("began_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "departure",
                "app": "touchline",
                "pk_attr": "id",
                "table_description": "One email that left a throttled sender: from its transmission to its answer.",
            },
            bases=["Model"],
        ),
        # An index on what waits stays small and in the order of claiming, however much was sent or lies ahead.
        ops.RunSQL(
            sql="CREATE INDEX send_waiting ON send (sender_id, due_at, id) WHERE status IN ('SCHEDULED', 'DEFERRED')",
            reverse_sql="DROP INDEX send_waiting",
        ),
        ops.RunSQL(
            sql="CREATE INDEX send_leased ON send (lease_until) WHERE status IN ('CLAIMED', 'TRANSMITTING')",
            reverse_sql="DROP INDEX send_leased",
        ),
        ops.RunSQL(
            sql="CREATE INDEX send_in_doubt ON send (due_at) WHERE status = 'IN_DOUBT'",
            reverse_sql="DROP INDEX send_in_doubt",
        ),
        ops.RunSQL(
            sql="CREATE INDEX departure_recent ON departure (sender_id, ended_at)",
            reverse_sql="DROP INDEX departure_recent",
        ),
        ops.RunSQL(
            sql="CREATE INDEX departure_open ON departure (send_id) WHERE ended_at IS NULL",
            reverse_sql="DROP INDEX departure_open",
        ),
    ]
