"""The migrations of drafts, signatures, first emails and own messages, on populated tables: every row stays."""

from api.models import Launch, Sender, Task
from api.store.emails.written_texts import find_text
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before


async def test_texts_tasks_and_senders_of_the_release_before_stay(database: str) -> None:
    await populate(Size(500), "a")
    names = await before("0037_drafts")
    tasks = await execute("SELECT id, enrollment_id, step_id, status FROM task ORDER BY id")
    senders = await execute("SELECT id, name FROM sender ORDER BY id")
    task = next(row for row in tasks if row["enrollment_id"] is not None)
    await execute(
        "INSERT INTO written_email (enrollment_id, step_id, by_hand, subject, html, written_as_template)"
        " VALUES ($1, $2, true, 'Kept', NULL, false)",
        task["enrollment_id"],
        task["step_id"],
    )
    assert await migrate() == names
    assert list(await execute("SELECT id, enrollment_id, step_id, status FROM task ORDER BY id")) == list(tasks)
    assert list(await execute("SELECT id, name FROM sender ORDER BY id")) == list(senders)
    text = await find_text(task["enrollment_id"], task["step_id"])
    assert text is not None
    assert (text.subject, text.html, text.saved_at) == ("Kept", None, None)
    assert await Task.exclude(draft_version=0).count() == 0
    assert await Sender.filter(signature="", title="", append_signature=True).count() == len(senders)
    assert await Launch.exclude(first_emails=0).count() == 0
    for table in ("first_email", "own_message"):
        assert list(await execute(f"SELECT * FROM {table}")) == []
