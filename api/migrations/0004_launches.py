"""Launches in the background, and whom they left out."""

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from api.states import LaunchStatus


class Migration(migrations.Migration):
    dependencies = [("touchline", "0003_ledger")]
    initial = False

    operations = [
        ops.CreateModel(
            name="Launch",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                (
                    "workspace",
                    fields.ForeignKeyField(
                        "touchline.Workspace",
                        source_field="workspace_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "campaign",
                    fields.ForeignKeyField(
                        "touchline.Campaign",
                        source_field="campaign_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "status",
                    fields.CharEnumField(default=LaunchStatus.RUNNING, enum_type=LaunchStatus, max_length=20),
                ),
                ("audience", fields.TextField(default="null", unique=False)),
                ("cursor", fields.CharField(default="", max_length=40)),
                ("total", fields.IntField()),
                ("processed", fields.IntField(default=0)),
                ("enrolled", fields.IntField(default=0)),
                ("left_out", fields.IntField(default=0)),
                ("launched_at", fields.DatetimeField()),
                ("send_at", fields.DatetimeField(null=True)),
                (
                    "times",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("lease_until", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "launch",
                "app": "touchline",
                "indexes": [Index(fields=["campaign_id", "status"])],
                "pk_attr": "id",
                "table_description": "A launch in the background: its audience until it is over, and its progress.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LeftOut",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                (
                    "workspace",
                    fields.ForeignKeyField(
                        "touchline.Workspace",
                        source_field="workspace_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "launch",
                    fields.ForeignKeyField(
                        "touchline.Launch",
                        source_field="launch_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("person_id", fields.CharField(max_length=200)),
                ("code", fields.CharField(max_length=64)),
            ],
            options={
                "table": "left_out",
                "app": "touchline",
                "indexes": [Index(fields=["launch_id", "code"])],
                "pk_attr": "id",
                "table_description": "Someone whom a launch in the background did not enroll, and why.",
            },
            bases=["Model"],
        ),
    ]
