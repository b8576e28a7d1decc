"""The numbers of emails by folder: the database keeps them, whatever is written, on both databases."""

import random

import pytest

from api.models import Send
from api.states import SendStatus
from api.store.emails import emails as stored_emails
from api.store.emails.email_conditions import EmailFilter
from api.store.emails.email_lists import emails
from api.store.engine.database import migrate
from api.store.engine.listing.listing import Window
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before

SIZE = Size(500)


async def counted(workspace_id: str) -> dict[str, int]:
    """Count the emails of each folder by reading them."""
    found = {}
    for folder in stored_emails.FOLDERS:
        rows, more = await (await emails(workspace_id, EmailFilter(folder), None)).page(Window(1_000))
        assert not more
        found[folder] = len(rows)
    return found


@pytest.fixture
async def workspaces(database: str) -> list[str]:
    """Two workspaces with emails."""
    return [(await populate(SIZE, mark)).id for mark in "ab"]


async def test_any_change_is_counted(workspaces: list[str]) -> None:
    chance = random.Random(11)
    ids = [str(each) for each in await Send.all().values_list("id", flat=True)]
    for _ in range(60):
        some = chance.sample(ids, chance.choice([1, 2, 50]))
        kind = chance.randrange(5)
        try:
            async with transaction():
                if kind == 0:
                    await Send.filter(id__in=some).delete()
                elif kind == 1:
                    await Send.filter(id__in=some).update(archived=True)
                elif kind == 2:
                    await Send.filter(id__in=some).update(detail="The same folder.")
                else:
                    await Send.filter(id__in=some).update(status=chance.choice(list(SendStatus)))
                if kind == 4:
                    raise InterruptedError
        except InterruptedError:
            pass
        if chance.random() < 0.2:
            await stored_emails.merge_counts()
    for workspace_id in workspaces:
        assert await stored_emails.folder_counts(workspace_id) == await counted(workspace_id)
        everything = await emails(workspace_id, EmailFilter(), None)
        assert await stored_emails.count(workspace_id, None) == await everything.count()


async def test_a_populated_database_is_counted_when_it_is_upgraded(workspaces: list[str]) -> None:
    names = await before("0023_lists")
    await Send.filter(status=SendStatus.SENT).limit(3).delete()
    assert list(await migrate()) == names
    assert await stored_emails.folder_counts(workspaces[0]) == await counted(workspaces[0])
    await Send.filter(workspace_id=workspaces[0], status=SendStatus.FAILED).update(status=SendStatus.SENT)
    assert await stored_emails.folder_counts(workspaces[0]) == await counted(workspaces[0])


async def test_merging_keeps_one_row_for_each_number(workspaces: list[str]) -> None:
    for status in (SendStatus.FAILED, SendStatus.SENT, SendStatus.SCHEDULED):
        await Send.all().update(status=status)
    wanted = await stored_emails.folder_counts(workspaces[1])
    await stored_emails.merge_counts()
    rows = await execute("SELECT workspace_id, status, archived, emails FROM email_count WHERE emails <> 0")
    assert len(rows) == len({(row["workspace_id"], row["status"], row["archived"]) for row in rows}) == 4
    assert await stored_emails.folder_counts(workspaces[1]) == wanted
    assert wanted["SCHEDULED"] == wanted["PENDING"] == SIZE.emails
