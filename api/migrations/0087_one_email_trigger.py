"""One trigger on PostgreSQL counts changed emails for folders and for reports. It groups rows before it names groups.

Two triggers read the rows of each statement, and one of them worked out five numbers and four names for each row. An
email that is sent is updated three times, and counting it was a tenth of PostgreSQL's work for it.
"""

import importlib
from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

folders = importlib.import_module("api.migrations.0023_lists")
reports = importlib.import_module("api.migrations.0041_reports")

KEYS = {
    each: each
    for each in (
        "workspace_id", "status", "archived", "step_id", "sender_id", "template_id", "planned_date", "attempted_on",
        "reason", "bounce",
    )
} | {"message_id": "CASE WHEN message_id IS NOT NULL THEN '' END"}  # fmt: skip
"""The columns on which counts depend. Of the Message-ID, they depend on its presence only."""
NUMBERS = {
    "n0": "count(*)",
    "n1": "count(replied_at)",
    "n2": "sum(replies)",
    "n3": "count(unsubscribed_at)",
    "n4": "count(complained_at)",
    "n5": "count(succeeded_at)",
}
"""The numbers of a group, by the names that the reports give them. ``n0`` is the number of emails."""
SUMS = ", ".join(f"sum({name}) AS {name}" for name in NUMBERS)
CHANGED = " OR ".join(f"sum({name}) <> 0" for name in NUMBERS)
FOLDERS = (
    "INSERT INTO email_count (workspace_id, status, archived, emails) SELECT workspace_id, status, archived, sum(n0)"
    " FROM changed GROUP BY workspace_id, status, archived HAVING sum(n0) <> 0"
)


def _groups(rows: str, sign: int) -> str:
    """Return the SELECT of the groups of a statement's rows, added or subtracted."""
    keys = [f"{sql} AS {name}" for name, sql in KEYS.items()]
    numbers = [f"({sign} * {sql})::int AS {name}" for name, sql in NUMBERS.items()]  # sums of int are not numeric
    order = ", ".join(str(number) for number in range(1, len(keys) + 1))
    return f"SELECT {', '.join([*keys, *numbers])} FROM {rows} GROUP BY {order}"


def _reported() -> str:
    """Return the statement that appends what has changed in reports."""
    keys, _ = reports.SOURCES["send"]
    columns = ", ".join(f"{sql.format(r='', date='DATE ')} AS {name}" for name, sql in keys.items())
    named = f"SELECT {columns}, {', '.join(NUMBERS)} FROM changed"
    names = ", ".join(keys)
    return str(
        reports._insert("send", f"SELECT {names}, {SUMS} FROM ({named}) AS named GROUP BY {names} HAVING {CHANGED}")
    )


def trigger(event: str) -> list[str]:
    """Return the statements that create the trigger of an event: insert, delete or update."""
    changes = [(f"{row.lower()}_rows", sign) for row, sign in reports.CHANGES[event]]
    sides = " UNION ALL ".join(_groups(rows, sign) for rows, sign in changes)
    names = ", ".join(KEYS)
    tables = " ".join(f"{row} TABLE AS {row.lower()}_rows" for row, _ in reports.CHANGES[event])
    return [
        f"CREATE OR REPLACE FUNCTION send_counted_{event}() RETURNS trigger LANGUAGE plpgsql AS $count$ BEGIN"
        f" WITH changed AS MATERIALIZED (SELECT {names}, {SUMS} FROM ({sides}) AS sides GROUP BY {names}"
        f" HAVING {CHANGED}), folders AS ({FOLDERS}) {_reported()}; RETURN NULL; END $count$",
        f"CREATE OR REPLACE TRIGGER send_counted_{event} AFTER {event.upper()} ON send REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION send_counted_{event}()",
        f"DROP TRIGGER IF EXISTS send_reported_{event} ON send",
        f"DROP FUNCTION IF EXISTS send_reported_{event}()",
    ]


class ReplaceTriggers(ops.RunPython):
    """The trigger in place of two. SQLite runs its triggers once for each row, and compares it with the row before."""

    def __init__(self) -> None:
        super().__init__(self._replace, self._restore)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that bring the two triggers of the earlier releases back."""
        if not postgres:
            return []
        statements = []
        for event in reports.CHANGES:
            function, created, then = folders._postgres_trigger(event).partition("$count$;")
            statements += [function + created, then, *reports._postgres_trigger("send", event)]
        return statements

    @staticmethod
    async def _replace(apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect != "postgres":
            return
        # Until the commit nobody writes an email, so none is counted twice or missed.
        await editor.client.execute_script("LOCK TABLE send IN SHARE ROW EXCLUSIVE MODE")
        for event in reports.CHANGES:
            for statement in trigger(event):
                await editor.client.execute_script(statement)

    @classmethod
    async def _restore(cls, apps: Any, editor: Any) -> None:
        for statement in cls.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0086_people_in_order")]
    initial = False

    operations = [ReplaceTriggers()]
