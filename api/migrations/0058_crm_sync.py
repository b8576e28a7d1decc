"""Tasks in a CRM, and the changes that wait for it.

Triggers on ``task`` note a change in the transaction of the change, so that no writer can forget it. They write only
for tasks of a workspace whose tasks are synced: ``crm_task_sync`` says which, and ``crm_task`` has a row for each.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.crm_task_states import CrmChangeKind, CrmChangeState, CrmTaskState

SYNCED = {
    "subject_at": "name",
    "status_at": "status",
    "priority_at": "priority",
    "due_at": "due_date",
    "details_at": "details",
    "owner_at": "assignee_id",
    "person_at": "person_id",
}
"""The column of ``crm_task`` that has the time of a change, and the column of ``task`` that changed."""
TIMES = ", ".join(SYNCED)
NOW = {"postgres": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')"}
AGAIN = (
    "ON CONFLICT (id) DO UPDATE SET version = crm_change.version + 1, changed_at = excluded.changed_at,"
    " state = 'WAITING', attempts = CASE WHEN crm_change.state = 'FAILED' THEN 0 ELSE crm_change.attempts END,"
    " next_at = CASE WHEN crm_change.state = 'FAILED' THEN excluded.next_at ELSE crm_change.next_at END"
)
"""A change of a task that waits already. A change that failed is tried at once, because the task is another one now."""


def change_of(source: str, now: str) -> str:
    return (
        "INSERT INTO crm_change (id, workspace_id, kind, object_id, state, version, attempts, changed_at, next_at,"
        " category, code, detail)"
        f" SELECT 'TASK:' || t.id, t.workspace_id, 'TASK', t.id, 'WAITING', 1, 0, {now}, {now}, '', '', '' {source}"
        f" {AGAIN}"
    )


def inserted(source: str, now: str) -> str:
    times = ", ".join([now] * len(SYNCED))
    return (
        f"INSERT INTO crm_task (id, workspace_id, org, state, url, base, sent, conflicts, {TIMES})"
        f" SELECT t.id, t.workspace_id, s.org, 'NEW', '', '{{}}', '{{}}', '[]', {times} {source}"
        f" ON CONFLICT (id) DO NOTHING; {change_of(source, now)};"
    )


def updated(now: str) -> str:
    times = ", ".join(
        f"{at} = CASE WHEN OLD.{column} IS DISTINCT FROM NEW.{column} THEN {now} ELSE {at} END"
        for at, column in SYNCED.items()
    )
    return f"UPDATE crm_task SET {times} WHERE id = NEW.id"


DIFFERS = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in SYNCED.values())
COLUMNS = ", ".join(SYNCED.values())
SYNCING = "JOIN crm_task_sync AS s ON s.id = t.workspace_id AND s.is_on"
CHANGED_AT = ", ".join(
    f"{at} = CASE WHEN o.{column} IS DISTINCT FROM n.{column} THEN {NOW['postgres']} ELSE {at} END"
    for at, column in SYNCED.items()
)
ROWS_DIFFER = " OR ".join(f"o.{column} IS DISTINCT FROM n.{column}" for column in SYNCED.values())
LINKED_ROWS = "FROM crm_task AS t JOIN new_rows AS n ON n.id = t.id AND t.state <> 'GONE'"
LINKED = "FROM crm_task AS t WHERE t.id = {row}.id AND t.state <> 'GONE'"
POSTGRES = (
    "CREATE OR REPLACE FUNCTION crm_task_inserted() RETURNS trigger LANGUAGE plpgsql AS $note$ BEGIN"
    " IF EXISTS (SELECT 1 FROM crm_task_sync WHERE is_on) THEN"
    f" {inserted(f'FROM new_rows AS t {SYNCING} WHERE true', NOW['postgres'])}"
    " END IF; RETURN NULL; END $note$",
    "CREATE OR REPLACE TRIGGER crm_task_inserted AFTER INSERT ON task REFERENCING NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION crm_task_inserted()",
    # Statements fire it, not rows: a bulk update of workspaces that are not synced costs one look.
    "CREATE OR REPLACE FUNCTION crm_task_updated() RETURNS trigger LANGUAGE plpgsql AS $note$ BEGIN"
    " IF EXISTS (SELECT 1 FROM crm_task_sync) THEN"
    f" UPDATE crm_task SET {CHANGED_AT} FROM new_rows AS n JOIN old_rows AS o ON o.id = n.id"
    f" WHERE crm_task.id = n.id AND crm_task.state <> 'GONE' AND ({ROWS_DIFFER});"
    f" {change_of(f'{LINKED_ROWS} JOIN old_rows AS o ON o.id = n.id WHERE {ROWS_DIFFER}', NOW['postgres'])};"
    " END IF; RETURN NULL; END $note$",
    "CREATE OR REPLACE TRIGGER crm_task_updated AFTER UPDATE ON task"
    " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION crm_task_updated()",
    "CREATE OR REPLACE FUNCTION crm_task_deleted() RETURNS trigger LANGUAGE plpgsql AS $note$ BEGIN"
    " IF EXISTS (SELECT 1 FROM crm_task_sync) THEN"
    f" {change_of(f'{LINKED_ROWS} WHERE true', NOW['postgres'])}; END IF; RETURN NULL; END $note$",
    "CREATE OR REPLACE TRIGGER crm_task_deleted AFTER DELETE ON task REFERENCING OLD TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION crm_task_deleted()",
)
HAS_LINK = "EXISTS (SELECT 1 FROM crm_task WHERE id = {row}.id AND state <> 'GONE')"
NEW_ROW = (
    "FROM (SELECT NEW.id AS id, NEW.workspace_id AS workspace_id) AS t"
    " JOIN crm_task_sync AS s ON s.id = t.workspace_id AND s.is_on WHERE true"
)
SQLITE = (
    "CREATE TRIGGER crm_task_inserted AFTER INSERT ON task"
    " WHEN EXISTS (SELECT 1 FROM crm_task_sync WHERE id = NEW.workspace_id AND is_on)"
    f" BEGIN {inserted(NEW_ROW, NOW['sqlite'])} END",
    f"CREATE TRIGGER crm_task_updated AFTER UPDATE OF {COLUMNS} ON task"
    f" WHEN ({DIFFERS.replace('IS DISTINCT FROM', 'IS NOT')}) AND {HAS_LINK.format(row='NEW')}"
    f" BEGIN {updated(NOW['sqlite']).replace('IS DISTINCT FROM', 'IS NOT')};"
    f" {change_of(LINKED.format(row='NEW'), NOW['sqlite'])}; END",
    f"CREATE TRIGGER crm_task_deleted AFTER DELETE ON task WHEN {HAS_LINK.format(row='OLD')}"
    f" BEGIN {change_of(LINKED.format(row='OLD'), NOW['sqlite'])}; END",
)
TRIGGERS = ("crm_task_inserted", "crm_task_updated", "crm_task_deleted")


async def create_triggers(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    for statement in POSTGRES if postgres else SQLITE:
        await editor.client.execute_script(statement)


class CreateTriggers(ops.RunPython):
    def __init__(self) -> None:
        super().__init__(create_triggers)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that take back what this operation does."""
        return [f"DROP TRIGGER {name}{' ON task' if postgres else ''}" for name in TRIGGERS]


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


def identifier(length: int = 40) -> tuple[str, Any]:
    return "id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=length)


def workspace() -> tuple[str, Any]:
    return "workspace", fields.ForeignKeyField(
        "touchline.Workspace", source_field="workspace_id", db_constraint=True, to_field="id", on_delete=OnDelete.CASCADE
    )


def options(table: str, description: str) -> dict[str, Any]:
    return {"table": table, "app": "touchline", "pk_attr": "id", "table_description": description}


def index(name: str, on: str, kind: str = "INDEX") -> ops.RunSQL:
    return ops.RunSQL(sql=f"CREATE {kind} {name} ON {on}", reverse_sql=f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("touchline", "0057_crm_connections")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE crm_task_sync",
            name="CrmTaskSync",
            fields=[
                identifier(),
                ("org", fields.CharField(max_length=130)),
                ("is_on", fields.BooleanField(default=False)),
                ("began_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
                ("changes_since", fields.DatetimeField()),
                ("deletions_since", fields.DatetimeField()),
                ("pulled_at", fields.DatetimeField(null=True)),
                ("pulled_deletions_at", fields.DatetimeField(null=True)),
            ],
            options=options("crm_task_sync", "How far the tasks of a workspace are synced with a CRM."),
            bases=["Model"],
        ),
        CreateTable(
            "DROP TABLE crm_task",
            name="CrmTask",
            fields=[
                identifier(),
                workspace(),
                ("org", fields.CharField(max_length=130)),
                ("remote_id", fields.CharField(null=True, max_length=100)),
                ("state", fields.CharEnumField(enum_type=CrmTaskState, max_length=20)),
                ("url", fields.CharField(default="", max_length=500)),
                ("base", fields.JSONField(default=dict)),
                ("sent", fields.JSONField(default=dict)),
                ("sent_at", fields.DatetimeField(null=True)),
                ("attempt_id", fields.CharField(null=True, max_length=40)),
                ("synced_at", fields.DatetimeField(null=True)),
                ("conflicts", fields.JSONField(default=list)),
                *((name, fields.DatetimeField(null=True)) for name in SYNCED),
            ],
            options=options("crm_task", "A task that is synced with a CRM."),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE crm_change",
            name="CrmChange",
            fields=[
                identifier(80),
                workspace(),
                ("kind", fields.CharEnumField(enum_type=CrmChangeKind, max_length=20)),
                ("object_id", fields.CharField(max_length=40)),
                ("state", fields.CharEnumField(enum_type=CrmChangeState, max_length=20)),
                ("version", fields.IntField(default=1)),
                ("attempts", fields.IntField(default=0)),
                ("changed_at", fields.DatetimeField()),
                ("next_at", fields.DatetimeField()),
                ("category", fields.CharField(default="", max_length=20)),
                ("code", fields.CharField(default="", max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("failed_at", fields.DatetimeField(null=True)),
            ],
            options=options("crm_change", "A change here that waits for the CRM."),
            bases=["WorkspaceRow"],
        ),
        index(
            "crm_task_remote", "crm_task (workspace_id, org, remote_id) WHERE remote_id IS NOT NULL", "UNIQUE INDEX"
        ),
        index("crm_change_due", "crm_change (workspace_id, kind, next_at) WHERE state = 'WAITING'"),
        index("crm_change_failed", "crm_change (workspace_id, id) WHERE state = 'FAILED'"),
        CreateTriggers(),
    ]
