"""Indexes for each list that clients read page by page, and the number of emails by status.

The database keeps the numbers itself, so that no writer can forget it. On PostgreSQL each statement appends what it
changed, so that transactions do not wait for each other's row; store/emails/emails.py adds the rows up from time to time.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

# The order of texts depends on a PostgreSQL database's locale: ``{bytes}`` is the order of bytes, for cursors and for the
# beginnings of addresses. It also keeps PostgreSQL from reading a list by the primary key, across all workspaces.
INDEXES = {
    "send_listed": "send (workspace_id, id{bytes})",
    "send_folder": "send (workspace_id, status, archived, id{bytes})",
    "task_listed": "task (workspace_id, status, id{bytes})",
    "task_due": "task (workspace_id, status, due_date, id{bytes})",
    "enrollment_listed": "enrollment (workspace_id, status, id{bytes})",
    "enrollment_campaign": "enrollment (campaign_id, status, id{bytes})",
    "person_listed": "person (workspace_id, id{bytes})",
    "suppression_listed": "suppression (workspace_id, id{bytes}) WHERE unsubscribed_at IS NOT NULL",
    "launch_listed": "launch (workspace_id, id{bytes})",
    "event_listed": "event (workspace_id, id{bytes})",
    "launch_campaign": "launch (campaign_id, id{bytes})",
    "left_out_listed": "left_out (launch_id, id{bytes})",
    "import_refusal_listed": "import_refusal (people_import_id, id{bytes})",
    "campaign_listed": "campaign (workspace_id, id{bytes})",
    "template_listed": "template (workspace_id, id{bytes})",
    "category_listed": "category (workspace_id, id{bytes})",
    "sender_listed": "sender (workspace_id, id{bytes})",
}
REPLACED = {
    "idx_send_workspa_f037fa": "send (workspace_id, status, due_at)",
    "idx_task_workspa_267af8": "task (workspace_id, status, due_date)",
    "idx_enrollment_workspa_146d98": "enrollment (workspace_id)",
    "idx_event_workspa_33a201": "event (workspace_id, id)",
    "idx_launch_workspa_4387e6": "launch (workspace_id)",
    "idx_campaign_workspa_345820": "campaign (workspace_id)",
    "idx_template_workspa_03e065": "template (workspace_id)",
    "idx_category_workspa_1f3b63": "category (workspace_id)",
    "idx_sender_workspa_8db74b": "sender (workspace_id)",
}
POSTGRES_INDEXES = {
    "person_address": "person (workspace_id, email_key{bytes})",
    "suppression_address": "suppression (workspace_id, email_key{bytes}) WHERE unsubscribed_at IS NOT NULL",
}
"""SQLite has them as unique constraints, in the order of bytes."""

TABLE = (
    "CREATE TABLE IF NOT EXISTS email_count (workspace_id VARCHAR(40) NOT NULL, status VARCHAR(20) NOT NULL,"
    " archived BOOL NOT NULL, emails BIGINT NOT NULL)",
    "DELETE FROM email_count",
    "INSERT INTO email_count (workspace_id, status, archived, emails)"
    " SELECT workspace_id, status, archived, count(*) FROM send GROUP BY workspace_id, status, archived",
)
SQLITE = (
    "CREATE UNIQUE INDEX IF NOT EXISTS email_count_key ON email_count (workspace_id, status, archived)",
    "CREATE TRIGGER IF NOT EXISTS send_counted_insert AFTER INSERT ON send BEGIN {add} END",
    "CREATE TRIGGER IF NOT EXISTS send_counted_delete AFTER DELETE ON send BEGIN {subtract} END",
    "CREATE TRIGGER IF NOT EXISTS send_counted_update AFTER UPDATE OF workspace_id, status, archived ON send"
    " WHEN NEW.status <> OLD.status OR NEW.archived <> OLD.archived OR NEW.workspace_id <> OLD.workspace_id"
    " BEGIN {subtract} {add} END",
)
SQLITE_ADD = (
    "INSERT INTO email_count VALUES (NEW.workspace_id, NEW.status, NEW.archived, 1)"
    " ON CONFLICT (workspace_id, status, archived) DO UPDATE SET emails = emails + 1;"
)
SQLITE_SUBTRACT = (
    "UPDATE email_count SET emails = emails - 1"
    " WHERE workspace_id = OLD.workspace_id AND status = OLD.status AND archived = OLD.archived;"
)
CHANGED = (
    "SELECT workspace_id, status, archived, sum(sign) FROM ({rows}) AS changed"
    " GROUP BY workspace_id, status, archived HAVING sum(sign) <> 0"
)
OLD = "SELECT workspace_id, status, archived, -1 AS sign FROM old_rows"
NEW = "SELECT workspace_id, status, archived, 1 AS sign FROM new_rows"
POSTGRES_TRIGGERS = {
    "insert": (NEW, "REFERENCING NEW TABLE AS new_rows"),
    "delete": (OLD, "REFERENCING OLD TABLE AS old_rows"),
    "update": (f"{OLD} UNION ALL {NEW}", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
}


def _postgres_trigger(event: str) -> str:
    rows, tables = POSTGRES_TRIGGERS[event]
    return (
        f"CREATE OR REPLACE FUNCTION send_counted_{event}() RETURNS trigger LANGUAGE plpgsql AS $count$ BEGIN"
        f" INSERT INTO email_count (workspace_id, status, archived, emails) {CHANGED.format(rows=rows)};"
        f" RETURN NULL; END $count$;"
        f" CREATE OR REPLACE TRIGGER send_counted_{event} AFTER {event.upper()} ON send {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION send_counted_{event}()"
    )


async def create_indexes(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    for name, columns in (INDEXES | (POSTGRES_INDEXES if postgres else {})).items():
        columns = columns.format(bytes=' COLLATE "C"' if postgres else "")
        await editor.client.execute_script(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


async def keep_counts(apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect == "postgres":
        index = "CREATE INDEX IF NOT EXISTS email_count_key ON email_count (workspace_id)"
        # Until the commit nobody writes an email, so none is counted twice or missed.
        statements = ["LOCK TABLE send IN SHARE ROW EXCLUSIVE MODE", *TABLE, index]
        statements += map(_postgres_trigger, POSTGRES_TRIGGERS)
    else:
        statements = [*TABLE, *(each.format(add=SQLITE_ADD, subtract=SQLITE_SUBTRACT) for each in SQLITE)]
    for statement in statements:
        await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0022_endings")]
    initial = False

    operations = [
        ops.RunPython(create_indexes),
        *(
            ops.RunSQL(sql=f'DROP INDEX IF EXISTS "{name}"', reverse_sql=f'CREATE INDEX "{name}" ON {columns}')
            for name, columns in REPLACED.items()
        ),
        ops.RunPython(keep_counts),
    ]
