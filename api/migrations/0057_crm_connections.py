"""Connections to a CRM, their settings, the users there, and logins that have begun."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.crm_states import CrmDuplicates, CrmNoMatch, CrmPersonKind, CrmSkippedTask, CrmState

ACTIVE = "state <> 'DISCONNECTED'"


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


def parent(name: str, model: str, on_delete: OnDelete = OnDelete.CASCADE) -> tuple[str, Any]:
    return name, fields.ForeignKeyField(
        f"touchline.{model}", source_field=f"{name}_id", db_constraint=True, to_field="id", on_delete=on_delete
    )


def identifier() -> tuple[str, Any]:
    return "id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)


def options(table: str, description: str, *unique: tuple[str, str]) -> dict[str, Any]:
    made = {"table": table, "app": "touchline", "pk_attr": "id", "table_description": description}
    return made | ({"unique_together": unique} if unique else {})


def index(name: str, columns: str) -> ops.RunSQL:
    return ops.RunSQL(sql=f"CREATE {columns}", reverse_sql=f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("touchline", "0056_reached_copies")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE crm_connection",
            name="CrmConnection",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("sender_id", fields.CharField(null=True, max_length=40)),
                ("crm", fields.CharField(max_length=64)),
                ("way", fields.CharField(max_length=64)),
                ("state", fields.CharEnumField(enum_type=CrmState, max_length=20)),
                ("access_values", fields.JSONField(default=dict)),
                ("secrets", fields.TextField(default="", unique=False)),
                ("secrets_number", fields.IntField(default=0)),
                ("renewing_by", fields.CharField(null=True, max_length=40)),
                ("renewing_until", fields.DatetimeField(null=True)),
                ("org_id", fields.CharField(default="", max_length=64)),
                ("org_name", fields.CharField(default="", max_length=255)),
                ("org_url", fields.CharField(default="", max_length=500)),
                ("is_sandbox", fields.BooleanField(default=False)),
                ("user_id", fields.CharField(default="", max_length=64)),
                ("user_name", fields.CharField(default="", max_length=255)),
                ("api_used", fields.BigIntField(null=True)),
                ("api_limit", fields.BigIntField(null=True)),
                ("api_counted_at", fields.DatetimeField(null=True)),
                ("synced_at", fields.DatetimeField(null=True)),
                ("code", fields.CharField(default="", max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("failures", fields.IntField(default=0)),
                ("failing_since", fields.DatetimeField(null=True)),
                ("retry_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("connected_at", fields.DatetimeField()),
                ("disconnected_at", fields.DatetimeField(null=True)),
                ("keep_until", fields.DatetimeField(null=True)),
            ],
            options=options("crm_connection", "A connection to an organization in a CRM."),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE crm_settings",
            name="CrmSettings",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("crm", fields.CharField(max_length=64)),
                ("api_share", fields.IntField(default=80)),
                ("sync_tasks", fields.BooleanField(default=False)),
                ("subject_pattern", fields.CharField(max_length=1000)),
                (
                    "skipped_tasks",
                    fields.CharEnumField(default=CrmSkippedTask.COMPLETED, enum_type=CrmSkippedTask, max_length=20),
                ),
                (
                    "first_kind",
                    fields.CharEnumField(default=CrmPersonKind.CONTACT, enum_type=CrmPersonKind, max_length=20),
                ),
                (
                    "on_duplicates",
                    fields.CharEnumField(default=CrmDuplicates.OLDEST, enum_type=CrmDuplicates, max_length=20),
                ),
                ("on_no_match", fields.CharEnumField(default=CrmNoMatch.SKIP, enum_type=CrmNoMatch, max_length=20)),
                ("log_emails", fields.BooleanField(default=False)),
                ("log_replies", fields.BooleanField(default=False)),
                ("log_calls", fields.BooleanField(default=False)),
                ("email_objects", fields.BooleanField(default=False)),
                ("sync_opt_outs", fields.BooleanField(default=True)),
                ("marker_field", fields.CharField(default="", max_length=80)),
                ("opt_out_field", fields.CharField(default="", max_length=80)),
            ],
            options=options("crm_settings", "How a workspace works with a CRM.", ("workspace_id", "crm")),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE crm_user",
            name="CrmUser",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("crm", fields.CharField(max_length=64)),
                parent("sender", "Sender"),
                ("org_id", fields.CharField(default="", max_length=64)),
                ("user_id", fields.CharField(default="", max_length=64)),
                ("user_name", fields.CharField(default="", max_length=255)),
                ("sync_tasks", fields.BooleanField(null=True)),
            ],
            options=options("crm_user", "Which user of the CRM a sender is.", ("sender_id", "crm")),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE crm_login",
            name="CrmLogin",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("sender_id", fields.CharField(null=True, max_length=40)),
                ("crm", fields.CharField(max_length=64)),
                ("way", fields.CharField(max_length=64)),
                ("access_values", fields.JSONField(default=dict)),
                ("secrets", fields.TextField(unique=False)),
                ("actor", fields.CharField(default="", max_length=200)),
                ("state_sha256", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField()),
            ],
            options=options("crm_login", "A login on the CRM's own page that has begun."),
            bases=["WorkspaceRow"],
        ),
        index(
            "crm_connection_workspace",
            f"UNIQUE INDEX crm_connection_workspace ON crm_connection (workspace_id) WHERE sender_id IS NULL AND {ACTIVE}",
        ),
        index("crm_connection_sender", f"UNIQUE INDEX crm_connection_sender ON crm_connection (sender_id) WHERE {ACTIVE}"),
        index("crm_connection_list", "INDEX crm_connection_list ON crm_connection (workspace_id, id)"),
        index("crm_user_list", "INDEX crm_user_list ON crm_user (workspace_id, crm)"),
    ]
