"""People of a CRM, the activities that were logged there, and the triggers that note what the CRM has to get.

Triggers on ``event`` and ``suppression_change`` write into ``crm_change`` in the transaction of the event, so that no
writer can forget it. They write only for workspaces that are connected and log such events or sync opt-outs.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.crm_records import CrmActivityKind, CrmMatchedBy
from api.crm_states import CrmPersonKind


NOW = {"postgres": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')"}
CONNECTED = (
    "JOIN crm_connection AS c ON c.workspace_id = {row}.workspace_id AND c.sender_id IS NULL"
    " AND c.state <> 'DISCONNECTED'"
    " LEFT JOIN crm_settings AS s ON s.workspace_id = c.workspace_id AND s.crm = c.crm"
)
CHANGE = (
    "INSERT INTO crm_change (id, workspace_id, kind, object_id, state, version, attempts, changed_at, next_at,"
    " category, code, detail)"
    " SELECT '{kind}:' || o.object_id, o.workspace_id, '{kind}', o.object_id, 'WAITING', 1, 0, {now}, {now}, '', '', ''"
    " FROM ({objects}) AS o WHERE true"
    " ON CONFLICT (id) DO UPDATE SET version = crm_change.version + 1, changed_at = excluded.changed_at,"
    " state = 'WAITING', attempts = CASE WHEN crm_change.state = 'FAILED' THEN 0 ELSE crm_change.attempts END,"
    " next_at = CASE WHEN crm_change.state = 'FAILED' THEN excluded.next_at ELSE crm_change.next_at END"
)
"""One row for each object. One that has failed is tried at once, because the object is another one now."""
ABOUT_EMAILS = "('OPENED', 'CLICKED', 'CLICKS_CORRECTED', 'BOUNCED', 'REPLIED')"
KINDS = "('EMAIL_SENT', 'TASK_COMPLETED', 'OPENED', 'CLICKED', 'CLICKS_CORRECTED', 'BOUNCED', 'REPLIED')"
# An email is logged when it is sent. What happens to it later changes the record, if there is or will be one.
HAS_RECORD = (
    "(EXISTS (SELECT 1 FROM crm_activity AS a WHERE a.subject_id = e.send_id)"
    " OR EXISTS (SELECT 1 FROM crm_change AS w WHERE w.id = 'ACTIVITY:' || e.send_id))"
)
LOGGED = (
    "SELECT e.workspace_id, e.send_id AS object_id FROM {events} AS e {connected} WHERE e.send_id IS NOT NULL"
    f" AND s.log_emails AND (e.kind = 'EMAIL_SENT' OR (e.kind IN {ABOUT_EMAILS} AND {HAS_RECORD}))"
    " UNION SELECT e.workspace_id, coalesce(e.data ->> 'reply', e.id) FROM {events} AS e {connected}"
    " WHERE e.kind = 'REPLIED' AND s.log_replies"
    " UNION SELECT e.workspace_id, e.task_id FROM {events} AS e {connected}"
    " WHERE e.kind = 'TASK_COMPLETED' AND e.data ->> 'type' = 'CALL' AND s.log_calls"
).replace("{connected}", CONNECTED.format(row="e"))
OPTED_OUT = (
    "SELECT DISTINCT e.workspace_id, e.suppression_id AS object_id FROM {events} AS e {connected}"
    " WHERE e.source <> 'CRM' AND (e.kind = 'UNSUBSCRIBED' OR e.source = 'UNDO') AND coalesce(s.sync_opt_outs, {true})"
).replace("{connected}", CONNECTED.format(row="e"))
EVENT_COLUMNS = ("id", "workspace_id", "kind", "send_id", "task_id", "data")
CHANGE_COLUMNS = ("workspace_id", "suppression_id", "kind", "source")
TRIGGERS = {"crm_event_noted": "event", "crm_opt_out_noted": "suppression_change"}


def postgres_trigger(name: str, table: str, kind: str, objects: str) -> list[str]:
    insert = CHANGE.format(kind=kind, now=NOW["postgres"], objects=objects.format(events="new_rows", true="true"))
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $note$ BEGIN"
        " IF EXISTS (SELECT 1 FROM crm_connection WHERE state <> 'DISCONNECTED') THEN"
        f" {insert}; END IF; RETURN NULL; END $note$",
        f"CREATE OR REPLACE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def sqlite_trigger(name: str, table: str, kind: str, objects: str, columns: tuple[str, ...], when: str) -> str:
    row = f"(SELECT {', '.join(f'NEW.{column} AS {column}' for column in columns)})"
    insert = CHANGE.format(kind=kind, now=NOW["sqlite"], objects=objects.format(events=row, true="1"))
    return (
        f"CREATE TRIGGER {name} AFTER INSERT ON {table} WHEN {when} AND EXISTS (SELECT 1 FROM crm_connection"
        " WHERE workspace_id = NEW.workspace_id AND sender_id IS NULL AND state <> 'DISCONNECTED')"
        f" BEGIN {insert}; END"
    )


async def create_triggers(apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect == "postgres":
        statements = [
            *postgres_trigger("crm_event_noted", "event", "ACTIVITY", LOGGED),
            *postgres_trigger("crm_opt_out_noted", "suppression_change", "OPT_OUT", OPTED_OUT),
        ]
    else:
        when, always = f"NEW.kind IN {KINDS}", "NEW.source <> 'CRM'"
        statements = [
            sqlite_trigger("crm_event_noted", "event", "ACTIVITY", LOGGED, EVENT_COLUMNS, when),
            sqlite_trigger("crm_opt_out_noted", "suppression_change", "OPT_OUT", OPTED_OUT, CHANGE_COLUMNS, always),
        ]
    for statement in statements:
        await editor.client.execute_script(statement)


class CreateTriggers(ops.RunPython):
    def __init__(self) -> None:
        super().__init__(create_triggers)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that take back what this operation does."""
        return [f"DROP TRIGGER {name}{f' ON {table}' if postgres else ''}" for name, table in TRIGGERS.items()]


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


def identifier() -> tuple[str, Any]:
    return "id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)


def workspace() -> tuple[str, Any]:
    return "workspace", fields.ForeignKeyField(
        "touchline.Workspace", source_field="workspace_id", db_constraint=True, to_field="id", on_delete=OnDelete.CASCADE
    )


def options(table: str, description: str, *unique: tuple[str, ...]) -> dict[str, Any]:
    return {
        "table": table,
        "app": "touchline",
        "pk_attr": "id",
        "table_description": description,
        "unique_together": unique,
    }


class Migration(migrations.Migration):
    dependencies = [("touchline", "0061_email_versions")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE crm_person",
            name="CrmPerson",
            fields=[
                identifier(),
                workspace(),
                ("org", fields.CharField(max_length=130)),
                ("remote_id", fields.CharField(null=True, max_length=100)),
                ("kind", fields.CharEnumField(enum_type=CrmPersonKind, null=True, max_length=20)),
                ("person_id", fields.CharField(null=True, max_length=40)),
                ("email_key", fields.CharField(default="", max_length=320)),
                ("account_id", fields.CharField(null=True, max_length=100)),
                ("url", fields.CharField(default="", max_length=500)),
                ("matched_by", fields.CharEnumField(enum_type=CrmMatchedBy, null=True, max_length=20)),
                ("matched_at", fields.DatetimeField()),
                ("problem", fields.CharField(null=True, max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("opted_out", fields.BooleanField(default=False)),
                ("opted_out_by_us", fields.BooleanField(default=False)),
            ],
            options=options(
                "crm_person",
                "A lead or a contact, and the person who it is here.",
                ("workspace_id", "org", "remote_id"),
                ("person_id", "org"),
            ),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE crm_activity",
            name="CrmActivity",
            fields=[
                identifier(),
                workspace(),
                ("org", fields.CharField(max_length=130)),
                ("kind", fields.CharEnumField(enum_type=CrmActivityKind, max_length=20)),
                ("subject_id", fields.CharField(max_length=40)),
                ("marker", fields.CharField(max_length=80)),
                ("remote_id", fields.CharField(null=True, max_length=100)),
                ("written", fields.JSONField(default=dict)),
                ("tried_at", fields.DatetimeField(null=True)),
                ("logged_at", fields.DatetimeField(null=True)),
            ],
            options=options(
                "crm_activity", "An email, a reply or a call that a CRM has logged.", ("subject_id", "org")
            ),
            bases=["WorkspaceRow"],
        ),
        ops.RunSQL(
            sql="CREATE INDEX crm_person_address ON crm_person (workspace_id, email_key)",
            reverse_sql="DROP INDEX crm_person_address",
        ),
        ops.AddField("CrmSettings", "log_related", fields.BooleanField(default=True, db_default=True)),
        CreateTriggers(),
    ]
