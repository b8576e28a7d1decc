"""Tasks that a rep creates by hand have no campaign. Any task can be given another date, an outcome and a note.

Each index of tasks has type and priority before the due date, so that a page of a filter reads no other rows.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

ORDER = "status, type, priority, due_date, id{bytes}"
INDEXES = {
    "task_by_hand": f"task (workspace_id, {ORDER}) WHERE campaign_id IS NULL",
    "task_of_step": f"task (workspace_id, {ORDER}) WHERE campaign_id IS NOT NULL",
    "task_assignee": f"task (assignee_id, {ORDER})",
    "task_campaign": f"task (campaign_id, {ORDER}) WHERE campaign_id IS NOT NULL",
    "task_person": "task (person_id, id{bytes})",
}
COLUMNS = ("enrollment_id", "step_id")


def _reference(model: str) -> Any:
    return fields.ForeignKeyField(
        f"touchline.{model}",
        source_field=f"{model.lower()}_id",
        null=True,
        db_constraint=True,
        to_field="id",
        on_delete=OnDelete.RESTRICT,
    )


class LetTasksHaveNoStep(ops.AlterField):
    """Make both columns nullable. On SQLite this is a new table of the same rows; no other table refers to it."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if not state_editor:
            return
        client = state_editor.client
        if client.capabilities.dialect == "postgres":
            for column in COLUMNS:
                await client.execute_script(f'ALTER TABLE task ALTER COLUMN "{column}" DROP NOT NULL')
            return
        rows = await client.execute_query_dict("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'task' AND sql <> ''")
        (new,) = [row["sql"] for row in rows if row["type"] == "table"]
        new = new.replace('CREATE TABLE "task"', "CREATE TABLE new_task", 1)
        for column in COLUMNS:
            new = new.replace(f'"{column}" VARCHAR(40) NOT NULL', f'"{column}" VARCHAR(40)')
        await client.execute_script(new)
        await client.execute_script("INSERT INTO new_task SELECT * FROM task")
        await client.execute_script("DROP TABLE task")
        await client.execute_script('ALTER TABLE new_task RENAME TO "task"')
        for row in rows:
            if row["type"] == "index":
                await client.execute_script(row["sql"])


class KnowNoStep(ops.AlterField):
    """The same for the other column, which the operation before has changed."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        """Change nothing in the database."""


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            postgres = editor.client.capabilities.dialect == "postgres"
            order = columns.format(bytes=' COLLATE "C"' if postgres else "")
            await editor.client.execute_script(f"CREATE INDEX {name} ON {order}")

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0032_set_aside")]
    initial = False

    operations = [
        LetTasksHaveNoStep("Task", "enrollment", _reference("Enrollment")),
        KnowNoStep("Task", "step", _reference("Step")),
        ops.AddField("Task", "campaign_id", fields.CharField(null=True, max_length=40)),
        ops.AddField("Task", "planned_date", fields.DateField(null=True)),
        ops.AddField("Task", "outcome", fields.CharField(null=True, max_length=100)),
        ops.AddField("Task", "call_reason", fields.CharField(null=True, max_length=100)),
        ops.AddField("Task", "note", fields.TextField(default="", db_default="", unique=False)),
        ops.AddField("Workspace", "call_outcomes", fields.JSONField(null=True)),
        ops.AddField("Workspace", "call_reasons", fields.JSONField(null=True)),
        ops.RunSQL(
            sql="UPDATE task SET campaign_id = (SELECT campaign_id FROM enrollment WHERE enrollment.id = enrollment_id)",
            reverse_sql="UPDATE task SET campaign_id = NULL",
        ),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
