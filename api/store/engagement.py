"""Opens and clicks of emails, and which campaigns track them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.states import SendStatus, Tracking
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list, instant

COUNTED_TEMPLATE = "coalesce(send.template_id, step.former_template_id, '')"
"""SQL: the template of a sent email. An earlier release did not store it with the email."""


async def tracked_campaigns(campaign_ids: Iterable[str]) -> dict[str, Tracking]:
    """Return the settings of those campaigns that track opens or clicks."""
    rows = await execute(
        f"SELECT id, tracking FROM campaign WHERE {in_list('id', 1)} AND tracking <> 'OFF'", sorted(set(campaign_ids))
    )
    return {row["id"]: Tracking(row["tracking"]) for row in rows}


class Engagement(NamedTuple):
    """What recipients did with one email. Counts are of people, unless their name says machine. Times are UTC."""

    opened_at: datetime | None = None
    opens: int = 0
    machine_opens: int = 0
    clicked_at: datetime | None = None
    clicks: int = 0
    machine_clicks: int = 0


NO_ENGAGEMENT = Engagement()


async def engagements(workspace_id: str, email_ids: Sequence[str]) -> dict[str, Engagement]:
    """Return the engagement of those emails that have any, by id."""
    rows = await execute(
        f"SELECT id, {', '.join(Engagement._fields)} FROM engagement WHERE {in_list('id', 1)} AND workspace_id = $2",
        list(email_ids),
        workspace_id,
    )
    return {
        row["id"]: Engagement(
            _time(row["opened_at"]),
            row["opens"],
            row["machine_opens"],
            _time(row["clicked_at"]),
            row["clicks"],
            row["machine_clicks"],
        )
        for row in rows
    }


class EngagedEmail(NamedTuple):
    """An email with its opens and clicks so far. Times are UTC."""

    id: str
    workspace_id: str
    person_id: str
    enrollment_id: str | None
    step_id: str | None
    campaign_id: str | None
    sandbox: bool
    status: SendStatus
    sent_at: datetime | None
    opened_at: datetime | None
    open_reported_at: datetime | None
    """When the last open was in the Live Feed."""
    opens: int
    machine_opens: int
    machine_clicks: int


async def lock_emails(email_ids: Iterable[str]) -> list[EngagedEmail]:
    """Return those of the emails that exist. Nobody else records opens or clicks of them before the commit."""
    ids = sorted(set(email_ids))
    await execute(
        "INSERT INTO engagement (id, workspace_id, person_id, campaign_id, step_id, sender_id, template_id, day)"
        " SELECT send.id, send.workspace_id, send.person_id, coalesce(step.campaign_id, ''),"
        f" coalesce(send.step_id, ''), send.sender_id, {COUNTED_TEMPLATE}, coalesce(attempted_on, planned_date)"
        f" FROM send LEFT JOIN step ON step.id = send.step_id WHERE {in_list('send.id', 1)} ORDER BY send.id"
        " ON CONFLICT DO NOTHING",
        ids,
    )
    rows = await execute(
        "SELECT engagement.id, send.workspace_id, send.person_id, send.enrollment_id, send.step_id, step.campaign_id,"
        " send.sandbox, send.status, send.sent_at, opened_at, open_reported_at, opens, machine_opens, machine_clicks"
        " FROM engagement JOIN send ON send.id = engagement.id LEFT JOIN step ON step.id = send.step_id"
        f" WHERE {in_list('engagement.id', 1)} ORDER BY engagement.id"
        f" {'FOR UPDATE OF engagement' if is_postgres() else ''}",
        ids,
    )
    found = [EngagedEmail(*row.values()) for row in rows]
    return [
        row._replace(
            sandbox=bool(row.sandbox),
            status=SendStatus(row.status),
            sent_at=_time(row.sent_at),
            opened_at=_time(row.opened_at),
            open_reported_at=_time(row.open_reported_at),
        )
        for row in found
    ]


class Click(NamedTuple):
    """One click. ``id`` is the id of the incoming event."""

    id: str
    workspace_id: str
    send_id: str
    url: str
    at: datetime
    machine: str | None
    """Why it is a machine's; None if it is a person's."""
    reported: bool
    """Whether it is in the Live Feed as a person's."""


async def clicks_between(email_ids: Sequence[str], first: datetime, last: datetime) -> list[Click]:
    """Return the clicks of these emails in a period (UTC), both ends included, the oldest first."""
    rows = await execute(
        f"SELECT {', '.join(Click._fields)} FROM click WHERE {in_list('send_id', 1)} AND at >= $2 AND at <= $3"
        " ORDER BY at, id",
        list(email_ids),
        first,
        last,
    )
    clicks = [Click(*row.values()) for row in rows]
    return [click._replace(at=instant(click.at), reported=bool(click.reported)) for click in clicks]


async def last_reported_clicks(email_ids: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """Return when (UTC) each link was last in the Live Feed as clicked, by email and URL."""
    rows = await execute(
        f"SELECT send_id, url, max(at) AS at FROM click WHERE {in_list('send_id', 1)} AND reported"
        " GROUP BY send_id, url",
        list(email_ids),
    )
    return {(row["send_id"], row["url"]): instant(row["at"]) for row in rows}


async def write_opens(emails: Sequence[EngagedEmail]) -> None:
    """Write the opens of locked emails."""
    columns = {
        "id": "text",
        "opened_at": "timestamptz",
        "open_reported_at": "timestamptz",
        "opens": "int",
        "machine_opens": "int",
    }
    rows = Records(columns, [tuple(getattr(email, name) for name in columns) for email in emails])
    await execute(
        "UPDATE engagement SET opened_at = r.opened_at, open_reported_at = r.open_reported_at, opens = r.opens,"
        f" machine_opens = r.machine_opens FROM {rows.table(1)} WHERE engagement.id = r.id",
        rows,
    )


async def write_clicks(new: Sequence[Click], corrected: Mapping[str, str]) -> None:
    """Write clicks of locked emails, correct the reasons of earlier ones, by id, and count the clicks again."""
    columns = {
        "id": "text",
        "workspace_id": "text",
        "send_id": "text",
        "url": "text",
        "at": "timestamptz",
        "machine": "text",
        "reported": "boolean",
    }
    names, rows = ", ".join(columns), Records(columns, new)
    # "WHERE true" tells SQLite that ON belongs to the INSERT.
    await execute(
        f"INSERT INTO click ({names}) SELECT {names} FROM {rows.table(1)} WHERE true ON CONFLICT DO NOTHING", rows
    )
    if corrected:
        fixed = Records({"id": "text", "machine": "text"}, sorted(corrected.items()))
        await execute(f"UPDATE click SET machine = r.machine FROM {fixed.table(1)} WHERE click.id = r.id", fixed)
    own = "FROM click WHERE send_id = engagement.id AND machine IS"
    await execute(
        f"UPDATE engagement SET clicks = (SELECT count(*) {own} NULL), clicked_at = (SELECT min(at) {own} NULL),"
        f" machine_clicks = (SELECT count(*) {own} NOT NULL) WHERE {in_list('id', 1)}",
        sorted({click.send_id for click in new}),
    )


def _time(value: Any) -> datetime | None:
    return None if value is None else instant(value)
