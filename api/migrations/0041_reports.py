"""The counts of reports: how many emails, answers, tasks and people there are by campaign, step, sender, template and day.

Triggers append to ``report_delta`` what each statement has changed, so that no writer can forget it, and so that
transactions on PostgreSQL do not wait for each other's row. store/reports/folding.py adds the rows to ``report_cell``
and to the sums in ``report_count`` and ``report_reason``.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

NO_DAY = "0001-01-01"
"""The day of people, who have none, and of the sums of all days."""
KEYS = ("workspace_id", "campaign_id", "step_id", "sender_id", "template_id", "day")
MEASURES = (
    "scheduled", "delivered", "bounced_hard", "bounced_soft", "failed", "in_doubt", "replied", "replies",
    "unsubscribed", "complained", "succeeded", "opened", "opens", "clicked", "clicks", "machine_opens",
    "machine_clicks", "tasks_open", "tasks_done", "tasks_skipped", "tasks_expired", "tasks_cancelled",
    "people_active", "people_finished", "people_succeeded", "people_ended",
)  # fmt: skip
TABLES = (
    "CREATE TABLE report_delta (workspace_id VARCHAR(40) NOT NULL, campaign_id VARCHAR(40) NOT NULL,"
    " step_id VARCHAR(40) NOT NULL, sender_id VARCHAR(40) NOT NULL, template_id VARCHAR(40) NOT NULL,"
    " day DATE NOT NULL, measure VARCHAR(20) NOT NULL, reason VARCHAR(64) NOT NULL, number BIGINT NOT NULL)",
    "CREATE TABLE report_cell (workspace_id VARCHAR(40) NOT NULL, campaign_id VARCHAR(40) NOT NULL,"
    " step_id VARCHAR(40) NOT NULL, sender_id VARCHAR(40) NOT NULL, template_id VARCHAR(40) NOT NULL,"
    f" day DATE NOT NULL, {{measures}}, PRIMARY KEY ({', '.join(KEYS)}))",
    "CREATE INDEX report_cell_campaign ON report_cell (campaign_id, day)",
    "CREATE INDEX report_cell_sender ON report_cell (sender_id, day)",
    "CREATE INDEX report_cell_template ON report_cell (template_id, day)",
    "CREATE TABLE report_count (workspace_id VARCHAR(40) NOT NULL, scope VARCHAR(10) NOT NULL,"
    " subject_id VARCHAR(40) NOT NULL, day DATE NOT NULL, {measures}, PRIMARY KEY (scope, subject_id, day))",
    "CREATE INDEX report_count_workspace ON report_count (workspace_id, scope, subject_id{bytes}, day)",
    "CREATE TABLE report_reason (workspace_id VARCHAR(40) NOT NULL, scope VARCHAR(10) NOT NULL,"
    " subject_id VARCHAR(40) NOT NULL, day DATE NOT NULL, measure VARCHAR(20) NOT NULL, reason VARCHAR(64) NOT NULL,"
    " number BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (scope, subject_id, day, measure, reason))",
)
DELTA_INDEX = {
    "postgres": "CREATE INDEX report_delta_workspace ON report_delta (workspace_id)",
    "sqlite": f"CREATE UNIQUE INDEX report_delta_key ON report_delta ({', '.join(KEYS)}, measure, reason)",
}
PENDING = "{r}status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')"
SOURCES: dict[str, tuple[dict[str, str], tuple[tuple[str, str, str], ...]]] = {
    "send": (
        {
            "workspace_id": "{r}workspace_id",
            "step_id": "coalesce({r}step_id, '')",
            "sender_id": "{r}sender_id",
            # '?': an email of an earlier release, which did not store the template.
            "template_id": (
                f"CASE WHEN {PENDING} THEN '' WHEN {{r}}template_id IS NOT NULL THEN {{r}}template_id"
                " WHEN {r}message_id IS NOT NULL THEN '?' ELSE '' END"
            ),
            "day": f"CASE WHEN {PENDING} THEN {{r}}planned_date ELSE coalesce({{r}}attempted_on, {{r}}planned_date) END",
            "state": (
                f"CASE WHEN {PENDING} THEN 'scheduled' WHEN {{r}}status = 'SENT' THEN 'delivered'"
                " WHEN {r}status = 'BOUNCED' AND {r}bounce = 'HARD' THEN 'bounced_hard'"
                " WHEN {r}status = 'BOUNCED' THEN 'bounced_soft' WHEN {r}status = 'FAILED' THEN 'failed'"
                " WHEN {r}status = 'IN_DOUBT' THEN 'in_doubt' ELSE '' END"
            ),
            "reason": "CASE WHEN {r}status = 'FAILED' THEN coalesce({r}reason, '') ELSE '' END",
        },
        (
            ("g.state", "g.reason", "1"),
            ("'replied'", "''", "CASE WHEN {r}replied_at IS NULL THEN 0 ELSE 1 END"),
            ("'replies'", "''", "{r}replies"),
            ("'unsubscribed'", "''", "CASE WHEN {r}unsubscribed_at IS NULL THEN 0 ELSE 1 END"),
            ("'complained'", "''", "CASE WHEN {r}complained_at IS NULL THEN 0 ELSE 1 END"),
            ("'succeeded'", "''", "CASE WHEN {r}succeeded_at IS NULL THEN 0 ELSE 1 END"),
        ),
    ),
    "engagement": (
        {
            **{key: f"coalesce({{r}}{key}, '')" for key in KEYS},
            "day": f"coalesce({{r}}day, {{date}}'{NO_DAY}')",
        },
        (
            ("'opened'", "''", "CASE WHEN {r}opens > 0 THEN 1 ELSE 0 END"),
            ("'opens'", "''", "{r}opens"),
            ("'clicked'", "''", "CASE WHEN {r}clicks > 0 THEN 1 ELSE 0 END"),
            ("'clicks'", "''", "{r}clicks"),
            ("'machine_opens'", "''", "{r}machine_opens"),
            ("'machine_clicks'", "''", "{r}machine_clicks"),
        ),
    ),
    "task": (
        {
            "workspace_id": "{r}workspace_id",
            "campaign_id": "coalesce({r}campaign_id, '')",
            "step_id": "coalesce({r}step_id, '')",
            "sender_id": "{r}assignee_id",
            "template_id": "''",
            "day": "coalesce({r}done_on, {r}due_date)",
            "state": (
                "CASE {r}status WHEN 'OPEN' THEN 'tasks_open' WHEN 'COMPLETED' THEN 'tasks_done'"
                " WHEN 'SKIPPED' THEN 'tasks_skipped' WHEN 'EXPIRED' THEN 'tasks_expired'"
                " WHEN 'CANCELLED' THEN 'tasks_cancelled' ELSE '' END"
            ),
        },
        (("g.state", "''", "1"),),
    ),
    "enrollment": (
        {
            "workspace_id": "{r}workspace_id",
            "campaign_id": "{r}campaign_id",
            "step_id": "''",
            "sender_id": "''",
            "template_id": "''",
            "day": f"{{date}}'{NO_DAY}'",
            "state": (
                "CASE {r}status WHEN 'ACTIVE' THEN 'people_active' WHEN 'FINISHED' THEN 'people_finished'"
                " WHEN 'SUCCEEDED' THEN 'people_succeeded' WHEN 'ENDED' THEN 'people_ended' ELSE '' END"
            ),
            "reason": "CASE WHEN {r}status = 'ENDED' THEN coalesce({r}end_reason, '') ELSE '' END",
        },
        (("g.state", "g.reason", "1"),),
    ),
}
"""By table: the keys of a row, and its measures as name, reason and number. ``g`` is a row of the keys."""

CHANGES = {
    "insert": (("NEW", 1),),
    "delete": (("OLD", -1),),
    "update": (("OLD", -1), ("NEW", 1)),
}
"""By event: the rows that count, and whether they are added or subtracted."""


def _source(table: str, rows: list[tuple[str, str, int]], *, date: str, grouped: bool) -> str:
    """Return the SELECT of the keys and numbers (n0, n1, …) of rows, each given as FROM clause, prefix and sign."""
    keys, measures = SOURCES[table]
    parts = []
    for clause, prefix, sign in rows:
        columns = [f"{sql} AS {name}" for name, sql in keys.items()]
        columns += [f"{sign} * ({number}) AS n{index}" for index, (_, _, number) in enumerate(measures)]
        parts.append(f"SELECT {', '.join(columns)} {clause}".format(r=prefix, date=date))
    union = " UNION ALL ".join(parts)
    if not grouped:
        return union
    sums = [f"sum(n{index})" for index in range(len(measures))]
    names, numbers = ", ".join(keys), ", ".join(f"{each} AS n{index}" for index, each in enumerate(sums))
    return (
        f"SELECT {names}, {numbers} FROM ({union}) AS changed GROUP BY {names}"
        f" HAVING {' OR '.join(f'{each} <> 0' for each in sums)}"
    )


def _insert(table: str, source: str) -> str:
    """Return the statement that appends the measures of a source that are not 0."""
    _, measures = SOURCES[table]
    by_step = table == "send"
    template = "CASE g.template_id WHEN '?' THEN coalesce(step.former_template_id, '') ELSE g.template_id END"
    columns = {key: f"g.{key}" for key in KEYS}
    columns |= {"campaign_id": "coalesce(step.campaign_id, '')", "template_id": template} if by_step else {}
    measure, reason, number = (
        f"CASE m.column1 {' '.join(f'WHEN {index} THEN {each}' for index, each in enumerate(values))} END"
        for values in (
            [name for name, _, _ in measures],
            [reason for _, reason, _ in measures],
            [f"g.n{index}" for index in range(len(measures))],
        )
    )
    return (
        f"INSERT INTO report_delta ({', '.join(columns)}, measure, reason, number)"
        f" SELECT {', '.join(columns.values())}, {measure}, {reason}, {number} FROM ({source}) AS g"
        f"{' LEFT JOIN step ON step.id = g.step_id' if by_step else ''}"
        f" CROSS JOIN (VALUES {', '.join(f'({index})' for index in range(len(measures)))}) AS m"
        f" WHERE {number} <> 0 AND {measure} <> ''"
    )


def _postgres_trigger(table: str, event: str) -> list[str]:
    rows = [(f"FROM {row.lower()}_rows", "", sign) for row, sign in CHANGES[event]]
    insert = _insert(table, _source(table, rows, date="DATE ", grouped=True))
    tables = " ".join(f"{row} TABLE AS {row.lower()}_rows" for row, _ in CHANGES[event])
    name = f"{table}_reported_{event}"
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $count$ BEGIN"
        f" {insert}; RETURN NULL; END $count$",
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON {table} REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def _sqlite_trigger(table: str, event: str) -> list[str]:
    keys, measures = SOURCES[table]
    source = _source(table, [("", f"{row}.", sign) for row, sign in CHANGES[event]], date="", grouped=False)
    counted = [*keys.values(), *(number for _, _, number in measures)]
    old, new = (f"({', '.join(each.format(r=row, date='') for each in counted)})" for row in ("OLD.", "NEW."))
    condition = f"WHEN {old} IS NOT {new} " if event == "update" else ""
    conflict = f"ON CONFLICT ({', '.join(KEYS)}, measure, reason) DO UPDATE SET number = number + excluded.number"
    return [
        f"CREATE TRIGGER {table}_reported_{event} AFTER {event.upper()} ON {table}"
        f" {condition}BEGIN {_insert(table, source)} {conflict}; END"
    ]


def _fill(table: str, *, postgres: bool) -> str:
    """Return the statement that counts all rows of a table."""
    return _insert(table, _source(table, [(f"FROM {table}", "", 1)], date="DATE " if postgres else "", grouped=True))


ENGAGEMENT_KEYS = {key: "DATE" if key == "day" else "VARCHAR(40)" for key in KEYS if key != "workspace_id"}
FILLED = (
    "UPDATE step SET former_template_id = template_id",
    "UPDATE send SET replies = (SELECT count(*) FROM reply WHERE reply.send_id = send.id AND kind = 'REPLY')"
    " WHERE id IN (SELECT send_id FROM reply WHERE kind = 'REPLY')",
    "UPDATE send SET succeeded_at = replied_at WHERE replied_at IS NOT NULL"
    " AND enrollment_id IN (SELECT id FROM enrollment WHERE status = 'SUCCEEDED')",
    "UPDATE engagement SET campaign_id = step.campaign_id, step_id = send.step_id, sender_id = send.sender_id,"
    " template_id = coalesce(step.template_id, ''), day = send.planned_date"
    " FROM send JOIN step ON step.id = send.step_id WHERE send.id = engagement.id",
)


async def create_counts(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    measures = ", ".join(f"{measure} BIGINT NOT NULL DEFAULT 0" for measure in MEASURES)
    order = ' COLLATE "C"' if postgres else ""
    statements = [each.format(measures=measures, bytes=order) for each in TABLES]
    statements.append(DELTA_INDEX["postgres" if postgres else "sqlite"])
    statements += [f"ALTER TABLE engagement ADD COLUMN {name} {kind}" for name, kind in ENGAGEMENT_KEYS.items()]
    # Until the commit nobody writes these rows, so none is counted twice or missed.
    statements += [f"LOCK TABLE {', '.join(sorted(SOURCES))} IN SHARE ROW EXCLUSIVE MODE"] if postgres else []
    statements += FILLED
    statements += [_fill(table, postgres=postgres) for table in SOURCES]
    trigger = _postgres_trigger if postgres else _sqlite_trigger
    statements += [statement for table in SOURCES for event in CHANGES for statement in trigger(table, event)]
    for statement in statements:
        await editor.client.execute_script(statement)


class CreateCounts(ops.RunPython):
    def __init__(self) -> None:
        super().__init__(create_counts)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that take back what this operation does."""
        triggers = [(table, f"{table}_reported_{event}") for table in SOURCES for event in CHANGES]
        drops = [f"DROP TRIGGER {name}{f' ON {table}' if postgres else ''}" for table, name in triggers]
        drops += [f"DROP TABLE report_{name}" for name in ("delta", "cell", "count", "reason")]
        return [*drops, *(f"ALTER TABLE engagement DROP COLUMN {name}" for name in ENGAGEMENT_KEYS)]


class Migration(migrations.Migration):
    dependencies = [("touchline", "0040_signatures")]
    initial = False

    operations = [
        ops.AddField("Send", "attempted_on", fields.DateField(null=True)),
        ops.AddField("Send", "template_id", fields.CharField(null=True, max_length=40)),
        ops.AddField("Send", "replies", fields.IntField(default=0, db_default=0)),
        ops.AddField("Send", "succeeded_at", fields.DatetimeField(null=True)),
        ops.AddField("Send", "unsubscribed_at", fields.DatetimeField(null=True)),
        ops.AddField("Send", "complained_at", fields.DatetimeField(null=True)),
        ops.AddField("Step", "former_template_id", fields.CharField(null=True, max_length=40)),
        ops.AddField("Task", "done_on", fields.DateField(null=True)),
        CreateCounts(),
    ]
