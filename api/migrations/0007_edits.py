"""Edits of running campaigns: what launching chose and what pauses moved is known by the step, not by its number."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

TIMES = """UPDATE {table} SET times = (SELECT {object}(step.id, {value}) FROM {each}(times) AS given
    JOIN step ON step.campaign_id = {table}.campaign_id AND step.number = CAST(given.key AS integer))
    WHERE CAST(times AS text) <> '{{}}'"""
RESUMED = """UPDATE enrollment SET resumed = (SELECT {object}(step.id, {array}(step.day, {value}))
    FROM {each}(resumed) AS given
    JOIN step ON step.campaign_id = enrollment.campaign_id AND step.number = CAST(given.key AS integer))
    WHERE CAST(resumed AS text) NOT IN ('null', '{{}}')"""
DIALECTS = {
    "postgres": {"object": "jsonb_object_agg", "array": "jsonb_build_array", "each": "jsonb_each", "value": "given.value"},
    "sqlite": {"object": "json_group_object", "array": "json_array", "each": "json_each", "value": "given.value"},
}


async def know_by_step(apps: Any, editor: Any) -> None:
    words = DIALECTS[editor.client.capabilities.dialect]
    for table in ("enrollment", "launch"):
        await editor.client.execute_script(TIMES.format(table=table, **words))
    await editor.client.execute_script(RESUMED.format(**words))


class Migration(migrations.Migration):
    dependencies = [("touchline", "0006_fewer_indexes")]
    initial = False

    operations = [
        ops.AddField("Campaign", "revision", fields.IntField(default=0, db_default=0)),
        ops.AddField("Campaign", "edited_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "editing", fields.BooleanField(default=False, db_default=False)),
        ops.AddField("Campaign", "edit_lease", fields.DatetimeField(null=True)),
        ops.AddField("Step", "added_at", fields.DatetimeField(null=True)),
        ops.AddField("Step", "removed_at", fields.DatetimeField(null=True)),
        ops.AddField("Enrollment", "revision", fields.IntField(default=0, db_default=0)),
        ops.RunPython(know_by_step),
    ]
