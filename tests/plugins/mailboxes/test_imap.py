"""The mailbox "imap" against a real server, Dovecot."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins import AccountUnavailableError, IncomingMail
from plugins.incoming import MAX_MAIL_BYTES
from plugins.mailboxes.imap import fetching
from plugins.mailboxes.imap.mailbox import ImapMailbox
from tests.dovecot import PASSWORD, Account, dovecot, needs_dovecot
from tests.plugins.mailboxes.imap_mails import SINCE, mail, opened, read, subjects

pytestmark = needs_dovecot


async def refused(url: str) -> AccountUnavailableError:
    with pytest.raises(AccountUnavailableError) as error:
        async with opened(url) as session:
            await read(session, {})
    assert PASSWORD not in error.value.detail
    return error.value


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
async def test_mails_of_all_folders_are_read_once_and_stay_untouched(account: Account, scheme: str) -> None:
    account.deliver(mail(1), mail(2))
    account.deliver(mail(3), folder="Junk")
    account.deliver(mail(4), folder="Sent Items")
    cursors: dict[str, str] = {}
    async with opened(account.url(scheme, sent="auto")) as session:
        assert session.addresses == [account.user]
        found = await read(session, cursors)
        assert subjects(found) == ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]
        assert found[0].data == mail(1)
        assert found[0].received_at.utcoffset() == timedelta(0)
        assert cursors.keys() == {"INBOX", "Junk", "Sent Items"}
        assert await read(session, cursors) == []
    account.deliver(mail(5))
    async with opened(account.url(scheme, sent="auto")) as session:
        assert subjects(await read(session, cursors)) == ["Mail 5"]
    with account.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert {values[b"FLAGS"] for values in client.fetch(client.search(), ["FLAGS"]).values()} <= {
            (),
            (b"\\Recent",),
        }


async def test_sent_mails_are_read_only_if_the_url_says_so(account: Account) -> None:
    account.deliver(mail(1), folder="Sent Items")
    account.deliver(mail(2), folder="Junk")
    async with opened(account.url(spam="none")) as session:
        assert await read(session, {}) == []
    async with opened(account.url(sent="Sent Items", spam="none")) as session:
        assert subjects(await read(session, {})) == ["Mail 1"]


async def test_a_first_session_reads_mails_from_a_day_on(account: Account) -> None:
    with account.client() as client:
        client.append("INBOX", mail(1), msg_time=datetime(2026, 1, 1, tzinfo=UTC))
        client.append("INBOX", mail(2))
    cursors: dict[str, str] = {}
    async with opened(account.url()) as session:
        assert subjects(await read(session, cursors)) == ["Mail 2"]
        with account.client() as client:
            client.append("INBOX", mail(3), msg_time=datetime(2026, 1, 1, tzinfo=UTC))
        assert subjects(await read(session, cursors)) == ["Mail 3"], "moved here later, so it is new"


async def test_idle_notices_a_mail(account: Account) -> None:
    cursors: dict[str, str] = {}
    async with opened(account.url(poll=600)) as session:
        assert await read(session, cursors) == []
        waiting = asyncio.create_task(session.wait(600))
        await asyncio.to_thread(account.deliver, mail(1))
        async with asyncio.timeout(60):
            await waiting
        assert subjects(await read(session, cursors)) == ["Mail 1"]
        account.deliver(mail(2))
        async with asyncio.timeout(60):
            await session.wait(600)
        assert subjects(await read(session, cursors)) == ["Mail 2"], "it came before IDLE began"


async def test_without_idle_the_inbox_is_polled() -> None:
    with dovecot(idle=False) as server:
        account = server.account()
        async with opened(account.url(poll=0.05)) as session:
            cursors: dict[str, str] = {}
            assert await read(session, cursors) == []
            account.deliver(mail(1))
            async with asyncio.timeout(60):
                await session.wait(600)
            assert subjects(await read(session, cursors)) == ["Mail 1"]


async def test_a_cancelled_wait_ends_at_once(account: Account) -> None:
    async with asyncio.timeout(60), opened(account.url(poll=600)) as session:
        await read(session, {})
        waiting = asyncio.create_task(session.wait(600))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()


async def test_after_a_change_of_uidvalidity_mails_keep_their_keys(account: Account) -> None:
    account.deliver(mail(1), mail(2), mail(3, message_id=False))
    cursors: dict[str, str] = {}
    async with opened(account.url()) as session:
        before = await read(session, cursors)
    account.change_uidvalidity()
    account.deliver(mail(4))
    async with opened(account.url()) as session:
        first = cursors["INBOX"]
        after = await read(session, cursors)
        assert cursors["INBOX"].partition(":")[0] != first.partition(":")[0]
        assert await read(session, cursors) == []
    assert subjects(after) == ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]
    assert [each.key for each in after[:3]] == [each.key for each in before]


async def test_a_folder_that_gave_uids_back_is_read_again(account: Account) -> None:
    account.deliver(mail(1))
    async with opened(account.url()) as session:
        cursors: dict[str, str] = {}
        await read(session, cursors)
        validity = cursors["INBOX"].partition(":")[0]
        assert subjects(await read(session, {"INBOX": f"{validity}:99"})) == ["Mail 1"]
        assert subjects(await read(session, {"INBOX": "not a cursor"})) == ["Mail 1"]


async def test_a_copy_in_another_folder_has_the_same_key(account: Account) -> None:
    account.deliver(mail(1), mail(2, message_id=False))
    account.deliver(mail(1), b"X-Spam: yes\r\n" + mail(2, message_id=False), folder="Junk")
    async with opened(account.url()) as session:
        keys = [each.key for each in await read(session, {})]
    assert keys[:2] == keys[2:]
    assert len(set(keys)) == 2


async def test_mails_that_vanish_between_search_and_fetch_are_left_out(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.deliver(*(mail(number) for number in range(1, 5)))
    whole = fetching.fetch

    def expunge_first(client: object, folder: object, batch: list[fetching.Listed]) -> tuple[IncomingMail, ...]:
        with account.client() as other:
            other.select_folder("INBOX")
            other.delete_messages([2, 3])
            other.expunge()
        return whole(client, folder, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(fetching, "fetch", expunge_first)
    async with opened(account.url()) as session:
        cursors: dict[str, str] = {}
        found = await read(session, cursors)
        assert set(subjects(found)) >= {"Mail 1", "Mail 4"}
        assert cursors["INBOX"].endswith(":5")
        assert await read(session, cursors) == []


async def test_only_the_beginning_of_a_large_mail_is_fetched(account: Account) -> None:
    account.write(iter([mail(1, "x" * 50_000_000), mail(2)]))
    async with opened(account.url()) as session:
        found = await read(session, {})
    assert [len(each.data) for each in found] == [MAX_MAIL_BYTES, len(mail(2))]


async def test_many_mails_come_in_batches(account: Account) -> None:
    account.write(mail(number) for number in range(1_000))
    async with opened(account.url()) as session:
        sizes = [len(batch.mails) async for batch in session.mails({}, SINCE) if batch.folder == "INBOX"]
    assert sum(sizes) == 1_000
    assert max(sizes) <= fetching.BATCH_MAILS


async def test_a_rejected_login_has_advice(account: Account) -> None:
    error = await refused(account.url(password="wrong password"))
    assert (error.code, error.here) == ("LOGIN_REFUSED", False)
    assert error.detail.startswith(f"Could not log in to localhost:{account.server.port}: [AUTHENTICATIONFAILED]")
    assert error.detail.endswith("(check user and password)")


async def test_an_unknown_certificate_is_refused(account: Account) -> None:
    for scheme, step in (("imap", "start TLS with"), ("imaps", "connect to")):
        error = await refused(account.url(scheme, cafile=None).replace("cafile=", "timeout=60&").split("&")[0])
        assert error.code == "TLS_FAILED", error.detail
        assert f"Could not {step} localhost" in error.detail
        assert "certificate verify failed" in error.detail
        assert "cafile for a private authority" in error.detail


async def test_a_token_from_a_file(account: Account, tmp_path: Path) -> None:
    account.deliver(mail(1))
    file = tmp_path / "token"
    file.write_text(f"good.{account.user.partition('@')[0]}\n", encoding="ascii")
    url = account.url(password="", auth="xoauth2", token_file=file)
    async with opened(url) as session:
        assert subjects(await read(session, {})) == ["Mail 1"]
    file.write_text("expired-token", encoding="ascii")
    error = await refused(url)
    assert error.code == "LOGIN_REFUSED"
    assert "has the permission to read mail" in error.detail
    assert "expired-token" not in error.detail
    file.unlink()
    error = await refused(url)
    assert (error.code, error.here) == ("TOKEN_UNAVAILABLE", True)


async def test_a_server_that_is_not_there(account: Account) -> None:
    error = await refused(account.url().replace(str(account.server.port), "1"))
    assert error.code == "CONNECTION_FAILED"
    assert error.detail.startswith("Could not connect to localhost:1:")


async def test_an_account_without_a_url() -> None:
    with pytest.raises(AccountUnavailableError) as error:
        async with ImapMailbox({}).open("imap:SALES"):
            pass
    assert error.value.detail.startswith("Set TOUCHLINE_IMAP_URL_SALES to imaps://user:password@host:993")
    assert error.value.here


async def test_a_mail_that_cannot_be_parsed_is_left_out(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.deliver(*(mail(number) for number in range(1, 5)))
    whole = {name: getattr(fetching, name) for name in ("_fetch", "_list_mails")}

    def fetch(client: object, batch: list[fetching.Listed]) -> object:
        if any(each.uid == 2 for each in batch):
            raise ValueError("malformed")
        return whole["_fetch"](client, batch)

    def list_mails(client: object, uids: list[int], default: datetime) -> object:
        if 3 in uids:
            raise IndexError
        return whole["_list_mails"](client, uids, default)

    monkeypatch.setattr(fetching, "_fetch", fetch)
    monkeypatch.setattr(fetching, "_list_mails", list_mails)
    async with opened(account.url()) as session:
        cursors: dict[str, str] = {}
        assert subjects(await read(session, cursors)) == ["Mail 1", "Mail 4"]
        assert cursors["INBOX"].endswith(":5")
