"""Incoming mails and events, replies, and jobs of the server, which belong to no workspace."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.states import IncomingResult, MatchedBy, ReplyKind

# Only rows that are not processed are in the first index, so it stays small.
INDEXES = {
    "incoming_event_open": "incoming_event (due_at, id) WHERE done_at IS NULL",
    "incoming_event_done": "incoming_event (done_at) WHERE done_at IS NOT NULL",
    "incoming_event_listed": "incoming_event (workspace_id, id{bytes}) WHERE workspace_id IS NOT NULL",
    "reply_listed": "reply (send_id, id{bytes})",
    "reply_workspace": "reply (workspace_id, id{bytes})",
    "sender_address": "sender (email_key)",
}
JOB_COLUMNS = (
    "id, workspace_id, kind, subject_id, state, lease_until, turns, failures, problem, progress, created_at, finished_at"
)
NOT_NULL, NULLABLE = '"workspace_id" VARCHAR(40) NOT NULL', '"workspace_id" VARCHAR(40)'


def _workspace(**null: Any) -> Any:
    return fields.ForeignKeyField(
        "touchline.Workspace",
        source_field="workspace_id",
        db_constraint=True,
        to_field="id",
        on_delete=OnDelete.CASCADE,
        **null,
    )


class LetJobsHaveNoWorkspace(ops.AlterField):
    """Make the column nullable. On SQLite this is a new table of the same rows; no other table refers to it."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if not state_editor:
            return
        client = state_editor.client
        if client.capabilities.dialect == "postgres":
            await client.execute_script('ALTER TABLE job ALTER COLUMN "workspace_id" DROP NOT NULL')
            return
        rows = await client.execute_query_dict("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'job' AND sql <> ''")
        (table,) = [row["sql"] for row in rows if row["type"] == "table"]
        new = table.replace(NOT_NULL, NULLABLE).replace('CREATE TABLE "job"', "CREATE TABLE new_job", 1)
        await client.execute_script(new)
        await client.execute_script(f"INSERT INTO new_job ({JOB_COLUMNS}) SELECT {JOB_COLUMNS} FROM job")
        await client.execute_script("DROP TABLE job")
        await client.execute_script('ALTER TABLE new_job RENAME TO "job"')
        for row in rows:
            if row["type"] == "index":
                await client.execute_script(row["sql"])


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


async def create_indexes(apps: Any, editor: Any) -> None:
    order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
    for name, columns in INDEXES.items():
        await editor.client.execute_script(f"CREATE INDEX {name} ON {columns.format(bytes=order)}")


class CreateIndexes(ops.RunPython):
    undo = "DROP INDEX sender_address"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0025_import_sources")]
    initial = False

    operations = [
        LetJobsHaveNoWorkspace("Job", "workspace", _workspace(null=True)),
        CreateTable(
            "DROP TABLE incoming_event",
            name="IncomingEvent",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("source", fields.CharField(max_length=100)),
                ("key", fields.CharField(max_length=255)),
                ("kind", fields.CharField(max_length=20)),
                ("at", fields.DatetimeField()),
                ("stored_at", fields.DatetimeField()),
                ("due_at", fields.DatetimeField()),
                ("content", fields.BinaryField(null=True)),
                ("details", fields.JSONField(default=dict)),
                ("attempts", fields.IntField(default=0)),
                ("result", fields.CharEnumField(null=True, enum_type=IncomingResult, max_length=20)),
                ("reason", fields.TextField(default="", unique=False)),
                ("done_at", fields.DatetimeField(null=True)),
                ("matched_by", fields.CharEnumField(null=True, enum_type=MatchedBy, max_length=20)),
                ("workspace", _workspace(null=True)),
                ("send_id", fields.CharField(null=True, max_length=40)),
            ],
            options={
                "table": "incoming_event",
                "app": "touchline",
                "unique_together": (("source", "key"),),
                "pk_attr": "id",
                "table_description": "A mail or a reported event.",
            },
            bases=["Model"],
        ),
        CreateTable(
            "DROP TABLE reply",
            name="Reply",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("workspace", _workspace()),
                (
                    "send",
                    fields.ForeignKeyField(
                        "touchline.Send",
                        source_field="send_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharEnumField(enum_type=ReplyKind, max_length=20)),
                ("at", fields.DatetimeField()),
                ("sender", fields.CharField(default="", max_length=320)),
                ("subject", fields.TextField(default="", unique=False)),
                ("text", fields.TextField(default="", unique=False)),
                ("message_id", fields.CharField(null=True, max_length=400)),
                ("matched_by", fields.CharEnumField(null=True, enum_type=MatchedBy, max_length=20)),
            ],
            options={
                "table": "reply",
                "app": "touchline",
                "unique_together": (("send_id", "message_id"),),
                "pk_attr": "id",
                "table_description": "A reply to an email.",
            },
            bases=["Model"],
        ),
        ops.AddField("Send", "replied_at", fields.DatetimeField(null=True)),
        CreateIndexes(create_indexes),
    ]
