"""GraphQL and /metrics say how the mailboxes are doing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.models import Workspace
from api.services.mailboxes import mailbox_reads
from api.store.replies import mailboxes
from tests.client import OPERATOR, Client, new_client, serving

MAILBOXES = """{ mailboxes { account state checkedAt problem { code detail failures since retryAt }
  folders { name mails lastMailAt } } }"""
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LEASE, LONGEST = timedelta(minutes=1), timedelta(minutes=15)
ENVIRONMENT = {
    "TOUCHLINE_IMAP_URL": "imaps://rep:secret@mail.example.com",
    "TOUCHLINE_IMAP_URL_SALES": "imaps://sales:secret@mail.example.com",
}


@pytest.fixture
async def http(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr("api.make_runtime.DatabaseClock", lambda: lambda: NOW)
    async with serving(database_url, ENVIRONMENT) as found:
        yield found


@pytest.fixture
async def client(http: httpx.AsyncClient) -> Client:
    return await new_client(http, NOW, sandbox=False)


async def states(client: Client) -> dict[str, Any]:
    return {each["account"]: each for each in (await client.ask(MAILBOXES))["mailboxes"]}


async def watch(account: str) -> None:
    """Store what a process stores that has read two mails of the account and waits for more."""
    await mailboxes.add([account])
    await mailboxes.take(account, "mbo_1", NOW, LEASE, LONGEST)
    await mailboxes.store_cursor(account, "INBOX", "1:3", 2, NOW)
    await mailboxes.store_cursor(account, "Junk", "1:1", 0, NOW)
    await mailboxes.set_works(account, "mbo_1", NOW)


async def test_a_mailbox_is_unwatched_at_first(client: Client) -> None:
    found = await states(client)
    assert list(found) == ["imap", "imap:SALES"]
    assert found["imap"] == {
        "account": "imap",
        "state": "UNWATCHED",
        "checkedAt": None,
        "problem": None,
        "folders": [],
    }


async def test_a_watched_mailbox_has_folders(client: Client) -> None:
    await watch("imap")
    assert (await states(client))["imap"] == {
        "account": "imap",
        "state": "WATCHING",
        "checkedAt": "2026-03-02T07:00:00Z",
        "problem": None,
        "folders": [
            {"name": "INBOX", "mails": 2, "lastMailAt": "2026-03-02T07:00:00Z"},
            {"name": "Junk", "mails": 0, "lastMailAt": None},
        ],
    }
    await mailboxes.set_reading("imap", "mbo_1")
    assert (await states(client))["imap"]["state"] == "READING"


async def test_a_mailbox_whose_process_has_ended_is_unwatched(client: Client) -> None:
    await watch("imap")
    await mailboxes.renew("imap", "mbo_1", NOW)
    assert (await states(client))["imap"]["state"] == "UNWATCHED"
    await mailboxes.release("imap", "mbo_1")
    assert (await states(client))["imap"]["state"] == "UNWATCHED"


async def test_a_failing_mailbox_has_its_problem(client: Client) -> None:
    await watch("imap")
    retry_at = NOW + timedelta(minutes=2)
    await mailboxes.set_failed("imap", "mbo_1", "LOGIN_REFUSED", "Could not log in.", NOW, retry_at)
    found = (await states(client))["imap"]
    assert found["state"] == "FAILED"
    assert found["checkedAt"] == "2026-03-02T07:00:00Z"
    assert found["problem"] == {
        "code": "LOGIN_REFUSED",
        "detail": "Could not log in.",
        "failures": 1,
        "since": "2026-03-02T07:00:00Z",
        "retryAt": "2026-03-02T07:02:00Z",
    }


async def test_a_workspace_sees_the_mailboxes_that_it_may_use(client: Client) -> None:
    await Workspace.filter(id=client.workspace.id).update(accounts=["imap:SALES", "smtp:SALES"])
    assert list(await states(client)) == ["imap:SALES"]
    await Workspace.filter(id=client.workspace.id).update(accounts=[])
    assert await states(client) == {}


async def test_a_mailbox_that_is_not_configured_any_more_is_not_shown(client: Client) -> None:
    await watch("imap:OLD")
    assert list(await states(client)) == ["imap", "imap:SALES"]


async def test_metrics_have_a_line_for_each_mailbox(http: httpx.AsyncClient, client: Client) -> None:
    await watch("imap")
    await mailboxes.set_works("imap", "mbo_1", NOW - timedelta(seconds=30))
    lines = (await http.get("/metrics", headers=OPERATOR)).text.splitlines()
    assert 'touchline_mailbox_up{account="imap"} 1.0' in lines
    assert 'touchline_mailbox_up{account="imap:SALES"} 0.0' in lines
    assert 'touchline_mailbox_unread_seconds{account="imap"} 30.0' in lines
    assert not any("unread_seconds" in line and "SALES" in line for line in lines)


async def test_a_failing_mailbox_leaves_the_server_ready(
    http: httpx.AsyncClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch("imap")
    await mailboxes.set_failed("imap", "mbo_1", "LOGIN_REFUSED", "Could not log in.", NOW, None)
    assert (await http.get("/ready", headers=OPERATOR)).json() == {"status": "ready"}

    async def broken(*_: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(mailbox_reads, "_rows", broken)
    text = (await http.get("/metrics", headers=OPERATOR)).text
    assert "touchline_due" in text
    assert "touchline_mailbox_up" not in text
