"""Fill a workspace with many emails, people, events and tasks by plain SQL, on both databases."""

from dataclasses import dataclass

from api.clock import system_clock
from api.models import Workspace
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from strategies import StepType

STEPS = 5
PEOPLE_PER_CAMPAIGN = 500


@dataclass(frozen=True)
class Size:
    """How many rows a workspace gets. The other tables follow the number of emails."""

    emails: int
    people_per_campaign: int = PEOPLE_PER_CAMPAIGN

    @property
    def people(self) -> int:
        """Each person is in one campaign and has one email of each of its steps."""
        return self.emails // STEPS

    @property
    def campaigns(self) -> int:
        """Campaigns, each for the same number of people."""
        return max(1, self.people // self.people_per_campaign)

    @property
    def tasks(self) -> int:
        """One person in five has a task."""
        return self.emails // 25


async def populate(size: Size, mark: str) -> Workspace:
    """Make a workspace of this size. ``mark`` is one letter, part of the ids, which sort by it."""
    workspace = await create_workspace(f"Populated {mark}", system_clock())
    for statement in _statements(size, mark):
        await execute(statement, workspace.id)
    return workspace


def row_id(prefix: str, mark: str, number: str) -> str:
    """Return an SQL expression for the id of row ``number`` (an SQL expression too)."""
    if is_postgres():
        return f"'{prefix}_{mark}' || lpad(({number})::text, 25, '0')"
    return f"'{prefix}_{mark}' || printf('%025d', {number})"


def _numbers(count: int) -> str:
    if is_postgres():
        return f"generate_series(1, {count}) AS n"
    return (
        f"(WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})"
        " SELECT n FROM number)"
    )


def moment(seconds: str) -> str:
    """Return an SQL expression for the time so many seconds after now."""
    if is_postgres():
        return f"now() + ({seconds}) * interval '1 second'"
    return f"datetime('now', ({seconds}) || ' seconds') || '+00:00'"


def _date_of(moment: str) -> str:
    return f"({moment})::date" if is_postgres() else f"date({moment})"


def _day(days: str) -> str:
    return f"current_date + ({days})" if is_postgres() else f"date('now', ({days}) || ' days')"


def insert(table: str, count: int, **columns: str) -> str:
    """Return a statement that inserts so many rows. Expressions for their columns can use the number ``n``."""
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {_numbers(count)}"


def _statements(size: Size, mark: str) -> list[str]:
    def ids(prefix: str, number: str) -> str:
        return row_id(prefix, mark, number)

    empty = "'{}'::jsonb" if is_postgres() else "'{}'"
    config = f"""'{{"at": "09:30"}}'{"::jsonb" if is_postgres() else ""}"""
    none = "'[]'::jsonb" if is_postgres() else "'[]'"
    # Integers divide alike on both databases. Emails 1 to 5 are the first person's, and so on.
    person, step = f"((n - 1) / {STEPS} + 1)", f"((n - 1) % {STEPS} + 1)"
    campaign = f"((n - 1) % {size.campaigns} + 1)"
    email_campaign = f"(((n - 1) / {STEPS}) % {size.campaigns} + 1)"
    old = f"n <= {size.emails * 8 // 10}"
    status = (
        f"CASE WHEN n % 1000 = 7 THEN 'FAILED' WHEN n % 1000 = 13 THEN 'BOUNCED' WHEN n % 10000 = 17 THEN 'IN_DOUBT'"
        f" WHEN {old} THEN 'SENT' ELSE 'SCHEDULED' END"
    )
    sent = f"CASE WHEN {old} THEN {moment(f'n - {size.emails} - 86400')} END"
    failed = f"CASE WHEN n % 1000 = 7 THEN {moment(f'n - {size.emails} - 86400')} END"
    created = moment(f"n - {size.emails} - 172800")
    planned = moment(f"n - {size.emails * 8 // 10} + 86400")
    task_person = "(n * 5)"
    return [
        insert("sender", 1, id=ids("sdr", "n"), workspace_id="$1", name="'G'", email="'g@example.com'",
                email_key="'g@example.com'", zone="'Europe/Berlin'", channel="'record'", channel_config=empty,
                created_at=moment("0")),
        insert("template", 1, id=ids("tpl", "n"), workspace_id="$1", name="'T'", subject="'Hi'", html="'<p>x</p>'",
                created_at=moment("0")),
        insert("campaign", size.campaigns, id=ids("cmp", "n"), workspace_id="$1", sender_id=ids("sdr", "1"),
                name="'Campaign ' || n", skip_weekends="false", remove_on_bounce="true", on_reply="'END'",
                use_recipient_zone="false", on_task_expiry="'WAIT'", created_at=moment("0")),
        insert("step", size.campaigns * STEPS, id=ids("stp", "n"), workspace_id="$1", campaign_id=ids("cmp", person),
                number=step, day=step, type=f"'{StepType.EMAIL}'", name="''", send_option="'at_time'", config=config,
                follow_up="false", template_id=ids("tpl", "1"), notes="''", priority="'NORMAL'"),
        insert("person", size.people, id=ids("per", "n"), workspace_id="$1", email="'p' || n || '@example.com'",
                email_key="'p' || n || '@example.com'", first_name="'Ada'", last_name="'Lovelace'", title="''",
                company="'Acme'", own_fields=empty, created_at=moment("0")),
        insert("enrollment", size.people, id=ids("enr", "n"), workspace_id="$1", campaign_id=ids("cmp", campaign),
                person_id=ids("per", "n"), zone="'Europe/Berlin'", launched_at=moment("0"), times=empty,
                status=f"CASE WHEN n * {STEPS} <= {size.emails * 8 // 10} THEN 'FINISHED' ELSE 'ACTIVE' END",
                ended_at=f"CASE WHEN n * {STEPS} <= {size.emails * 8 // 10} THEN {moment('0')} END"),
        insert("send", size.emails, id=ids("snd", "n"), workspace_id="$1", enrollment_id=ids("enr", person),
                step_id=ids("stp", f"({email_campaign} - 1) * {STEPS} + {step}"), person_id=ids("per", person),
                sender_id=ids("sdr", "1"), sandbox="false", by_hand="false", status=status, due_at=planned,
                planned_at=planned, planned_date=_date_of(planned), planned_time="'09:30:00'", zone="'Europe/Berlin'",
                explanation=none, attempts="0", sent_at=sent, failed_at=failed, created_at=created, detail="''", archived=f"{old} AND n % 10 = 0"),
        insert("task", size.tasks, id=ids("tsk", "n"), workspace_id="$1", enrollment_id=ids("enr", task_person),
                step_id=ids("stp", f"(({task_person} - 1) % {size.campaigns}) * {STEPS} + 1"),
                campaign_id=ids("cmp", f"(({task_person} - 1) % {size.campaigns} + 1)"),
                person_id=ids("per", task_person), assignee_id=ids("sdr", "1"), sandbox="false", type="'CALL'",
                name="'Call'", details="''", priority="'NORMAL'", explanation=none,
                status="CASE WHEN n % 10 = 0 THEN 'OPEN' ELSE 'COMPLETED' END",
                due_date=_day(f"(n * 400 / {max(1, size.tasks)}) - 370"),
                done_at=f"CASE WHEN n % 10 <> 0 THEN {moment('0')} END"),
        insert("event", size.people, id=ids("evt", "n"), workspace_id="$1", kind="'EMAIL_SENT'", at=moment("0"),
                person_id=ids("per", "n"), enrollment_id=ids("enr", "n"), send_id=ids("snd", f"n * {STEPS}"),
                data=empty),
    ]  # fmt: skip


async def refresh_statistics() -> None:
    """Let the database look at its tables, as its own upkeep does in time."""
    await execute("VACUUM ANALYZE" if is_postgres() else "ANALYZE")
