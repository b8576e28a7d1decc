"""One table for background jobs of every kind. Jobs that run during the upgrade move to it, and go on."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.states import JobState

# Each running job is found by its old columns: table, condition, kind, lease, failures, problem, progress and beginning.
# Ids keep the order of the rows, and are unique since a kind has one job for each row.
RUNNING = (
    ("launch", "status = 'RUNNING'", "launch", "lease_until", "failures", "problem", "processed", "launched_at"),
    ("people_import", "status = 'RUNNING'", "import", "lease_until", "failures", "problem", "processed", "created_at"),
    ("campaign", "holds IS NOT NULL", "hold", "holds_lease", "holds_failures", "job_problem", "0",
     "coalesce(resumed_at, paused_at, created_at)"),
    ("campaign", "editing", "edit", "edit_lease", "edit_failures", "job_problem", "0", "coalesce(edited_at, created_at)"),
)
DROPPED = {
    ("Launch", "launch"): ("lease_until", "failures"),
    ("PeopleImport", "people_import"): ("lease_until", "failures"),
    ("Campaign", "campaign"): ("holds_lease", "holds_failures", "edit_lease", "edit_failures"),
}


class RemoveColumn(ops.RemoveField):
    """Drop a column in place. Tortoise would make a new table on SQLite, and lose the rows that refer to it."""

    def __init__(self, model_name: str, name: str, table: str) -> None:
        super().__init__(model_name, name)
        self.table = table
        kind = "TIMESTAMPTZ" if "lease" in name else "INT NOT NULL DEFAULT 0"
        self.undo = f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}'

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor:
            await state_editor.client.execute_script(f'ALTER TABLE {self.table} DROP COLUMN "{self.name}"')


class CreateJobs(ops.CreateModel):
    undo = "DROP TABLE job"


async def carry_over(apps: Any, editor: Any) -> None:
    for table, condition, kind, lease, failures, problem, progress, began in RUNNING:
        await editor.client.execute_script(
            "INSERT INTO job (id, workspace_id, kind, subject_id, state, lease_until, turns, failures, problem,"
            f" progress, created_at) SELECT 'job_{kind}' || substr(id, 4), workspace_id, '{kind}', id,"
            f" CASE WHEN {lease} IS NULL THEN 'WAITING' WHEN {problem} IS NULL THEN 'RUNNING' ELSE 'RETRYING' END,"
            f" {lease}, 0, {failures}, {problem}, {progress}, {began} FROM {table} WHERE {condition}"
        )


class Migration(migrations.Migration):
    dependencies = [("touchline", "0020_job_failures")]
    initial = False

    operations = [
        CreateJobs(
            name="Job",
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
                ("kind", fields.CharField(max_length=40)),
                ("subject_id", fields.CharField(max_length=40)),
                ("state", fields.CharEnumField(default=JobState.WAITING, enum_type=JobState, max_length=20)),
                ("lease_until", fields.DatetimeField(null=True)),
                ("turns", fields.IntField(default=0)),
                ("failures", fields.IntField(default=0)),
                ("problem", fields.TextField(null=True)),
                ("progress", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField()),
                ("finished_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "job",
                "app": "touchline",
                "pk_attr": "id",
                "table_description": "Work that is done in chunks.",
            },
            bases=["Model"],
        ),
        # The table keeps jobs that are over: what is open is found by an index that stays small.
        ops.RunSQL(
            sql="CREATE UNIQUE INDEX job_open ON job (kind, subject_id) WHERE finished_at IS NULL",
            reverse_sql="DROP INDEX job_open",
        ),
        ops.RunSQL(
            sql="CREATE INDEX job_over ON job (finished_at) WHERE finished_at IS NOT NULL",
            reverse_sql="DROP INDEX job_over",
        ),
        ops.RunPython(carry_over),
        *(RemoveColumn(model, name, table) for (model, table), names in DROPPED.items() for name in names),
    ]
