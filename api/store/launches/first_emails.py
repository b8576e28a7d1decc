"""The first emails that a rep has written for people of a background launch, until these people are enrolled."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.store.engine.bulk import insert
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list


async def store_first_emails(launch_id: str, texts: Mapping[str, tuple[str | None, str | None]]) -> None:
    """Store subject and HTML by person. Call in the transaction that creates the launch."""
    rows = [
        {"id": f"{launch_id}_{number}", "person_id": person_id, "subject": subject, "html": html}
        for number, (person_id, (subject, html)) in enumerate(texts.items())
    ]
    await insert("first_email", {"launch_id": launch_id}, rows)


async def apply_first_emails(
    launch_id: str, campaign_id: str, step_id: str, person_ids: Sequence[str], now: datetime
) -> None:
    """Give the emails of the first step of these people the texts. If it is a task by now, they become its drafts.

    Call in the transaction that enrolls the people.
    """
    about = launch_id, campaign_id, step_id, list(person_ids)
    texts = (
        "SELECT enrollment.id, subject, html FROM first_email JOIN enrollment"
        " ON enrollment.person_id = first_email.person_id AND enrollment.campaign_id = $2"
        f" AND enrollment.status = 'ACTIVE' WHERE launch_id = $1 AND {in_list('first_email.person_id', 4)}"
    )
    await execute(
        f"UPDATE send SET subject = written.subject, html = written.html FROM ({texts}) AS written"
        " WHERE send.enrollment_id = written.id AND send.step_id = $3",
        *about,
    )
    saved_at = "$5::timestamptz" if is_postgres() else "$5"
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template, saved_at)"
        f" SELECT written.id, $3, true, written.subject, written.html, false, {saved_at}"
        f" FROM ({texts}) AS written JOIN task"
        " ON task.enrollment_id = written.id AND task.step_id = $3 AND task.type = 'EMAIL'",
        *about,
        now,
    )
