"""The migration to one trigger that counts emails, on populated tables: both triggers before it and it count alike."""

import pytest

from api.models import Send
from api.states import BounceKind, SendStatus
from api.store.emails.emails import merge_counts
from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from api.store.reports.counting import differences
from api.store.reports.folding import fold
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before
from tests.services.world import NOW

MIGRATION = "0087_one_email_trigger"
BY_FOLDER = "GROUP BY workspace_id, status, archived ORDER BY workspace_id, status, archived"
FOLDERS = f"SELECT workspace_id, status, archived, sum(emails) AS emails FROM email_count {BY_FOLDER}"
ROWS = f"SELECT workspace_id, status, archived, count(*) AS emails FROM send {BY_FOLDER}"


async def folders(statement: str) -> list[tuple[object, ...]]:
    """Return the numbers of emails by workspace and folder that are not 0."""
    return [tuple(row.values()) for row in await execute(statement) if row["emails"]]


async def assert_counted() -> None:
    assert await folders(FOLDERS) == await folders(ROWS)
    assert await differences(3) == []


async def change(mark: str) -> None:
    """Send, fail, bounce, answer and delete some emails, as dispatch and replies do, and move others to another day."""
    ids = await Send.filter(id__startswith=f"snd_{mark}", status=SendStatus.SCHEDULED).limit(60).values_list("id")
    some = [str(each) for (each,) in ids]
    emails = Send.filter(id__in=some)
    await emails.update(status=SendStatus.CLAIMED)
    await emails.update(status=SendStatus.TRANSMITTING, template_id=f"tpl_{mark}", attempted_on=NOW.date())
    await Send.filter(id__in=some[:40]).update(status=SendStatus.SENT, sent_at=NOW)
    await Send.filter(id__in=some[40:50]).update(status=SendStatus.FAILED, reason="GONE", failed_at=NOW)
    await Send.filter(id__in=some[50:]).update(status=SendStatus.BOUNCED, bounce=BounceKind.HARD, bounced_at=NOW)
    await Send.filter(id__in=some[:20]).update(replied_at=NOW, replies=2, succeeded_at=NOW)
    await Send.filter(id__in=some[10:30]).update(unsubscribed_at=NOW, archived=True)
    await Send.filter(id__in=some[15:18]).delete()
    waiting = Send.filter(id__startswith=f"snd_{mark}", status=SendStatus.SCHEDULED)
    await waiting.update(planned_date=NOW.date(), status=SendStatus.DEFERRED, reason="THROTTLED")


@pytest.mark.parametrize("upgraded_first", [False, True])
async def test_both_releases_count_alike(database: str, upgraded_first: bool) -> None:
    for mark in "ab":
        await populate(Size(500), mark)
    names = await before(MIGRATION)
    if not upgraded_first:
        await change("a")
        await assert_counted()
    assert await migrate() == names
    await change("a" if upgraded_first else "b")
    await assert_counted()
    await fold()
    await merge_counts()
    await assert_counted()


async def test_postgresql_has_one_trigger_for_each_change(database: str) -> None:
    if not is_postgres():
        return
    rows = await execute(
        "SELECT tgname AS name FROM pg_trigger WHERE tgrelid = 'send'::regclass AND NOT tgisinternal"
        " AND tgname LIKE 'send_%ed_%' ORDER BY tgname"
    )
    assert [row["name"] for row in rows] == ["send_counted_delete", "send_counted_insert", "send_counted_update"]
