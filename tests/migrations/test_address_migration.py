"""The migration of address keys on populated tables: no refusal is lost, no row is lost, and the operator is told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from api.models import Person, Sender, Suppression, SuppressionChange
from api.store.engine.database import is_postgres
from api.store.engine.opening.upgrade_report import collect_reports
from api.store.engine.sql import execute
from api.store.people import address_upgrade
from tests.migrations.migrating import migrate_to, opened_as_of
from tests.services.world import NOW, make_world

NAME = "0018_address_keys"


@pytest.fixture
async def release_before(database_kind: str, request: pytest.FixtureRequest) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the tables that were there before this migration, and a workspace."""
    async with opened_as_of("0017_launched_revisions", database_kind, request) as connection:
        await workspace("wsp_1")
        yield connection


async def workspace(name: str) -> None:
    await execute(
        "INSERT INTO workspace (id, name, sandbox, blocked_domains, created_at) VALUES ($1, $1, false, '[]', $2)",
        name,
        at(),
    )


def at() -> Any:
    return NOW if get_connection("default").capabilities.dialect == "postgres" else NOW.isoformat(" ")


async def person(email: str, key: str | None = None, workspace: str = "wsp_1") -> str:
    """Add a person as the release before did."""
    person_id = f"per_{await Person.all().count():03}"
    await execute(
        "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
        " created_at) VALUES ($1, $2, $3, $4, '', '', '', '', '{}', $5)",
        person_id,
        workspace,
        email,
        key or email.casefold(),
        at(),
    )
    return person_id


async def suppression(email: str, key: str | None = None, workspace: str = "wsp_1", *, released: bool = False) -> str:
    """Suppress an address as the release before did; ``released`` ones may be written to again."""
    row_id = f"sup_{await Suppression.all().count():03}"
    await execute(
        "INSERT INTO suppression (id, workspace_id, email, email_key, unsubscribed_at, source, reason)"
        " VALUES ($1, $2, $3, $4, $5, 'API', 'Asked')",
        row_id,
        workspace,
        email,
        key or email.casefold(),
        None if released else at(),
    )
    await execute(
        "INSERT INTO suppression_change (id, workspace_id, suppression_id, kind, at, source, reason, actor)"
        " VALUES ($1, $2, $3, 'UNSUBSCRIBED', $4, 'API', 'Asked', 'ada')",
        f"chg_{row_id}",
        workspace,
        row_id,
        at(),
    )
    return row_id


async def migrated() -> list[str]:
    """Migrate, and return what the operator is told."""
    with collect_reports() as reports:
        await migrate_to(NAME)
    return reports


async def suppressed(workspace: str = "wsp_1") -> set[str]:
    found = Suppression.filter(workspace_id=workspace, unsubscribed_at__not_isnull=True)
    rows = await found.values_list("email_key", "unsubscribed_at")
    assert all(at == NOW for key, at in rows if "duplicates" not in key)
    return {key for key, _ in rows}


async def keys() -> dict[str, str]:
    return dict(await Person.all().values_list("email", "email_key"))


@pytest.mark.usefixtures("release_before")
async def test_plain_addresses_stay_as_they_are() -> None:
    for email in ("Ada@Example.com", "jürgen@example.com", "bob@müller.de"):
        await person(email)
        await suppression(email)
    assert await migrated() == []
    expected = {"ada@example.com", "jürgen@example.com", "bob@müller.de"}
    assert set((await keys()).values()) == expected == await suppressed()
    assert await SuppressionChange.all().count() == 3


PAIRS = (("ß@straße.de", "ss@strasse.de"), ("o\ufb03ce@example.com", "office@example.com"), ("\u017f@x.de", "s@x.de"))
"""Mailboxes that the release before took for one."""


@pytest.mark.usefixtures("release_before")
async def test_both_of_one_old_key_stay_suppressed() -> None:
    pairs = [pair for one, other in PAIRS for pair in ((one, other), (other, one))]
    rows = []
    for number, (one, other) in enumerate(pairs):
        await workspace(own := f"wsp_own_{number}")
        await workspace(foreign := f"wsp_foreign_{number}")
        rows.append(await suppression(one, workspace=own))
        await person(other, workspace=own)
        await person(other, workspace=foreign)
    reports = await migrated()
    for number, (one, other) in enumerate(pairs):
        assert await suppressed(f"wsp_own_{number}") == {one, other}
        assert await suppressed(f"wsp_foreign_{number}") == set()
        old = await Suppression.get(id=rows[number]).values_list("email", "email_key", "source")
        assert tuple(old) == (one, one, "API")
        assert (
            f"workspace wsp_own_{number}: {other} stays suppressed. Counted as one address with {one} in an earlier "
            "release, and stays suppressed with it."
        ) in reports
    assert len(reports) == len(pairs)
    assert all(email == key for email, key in (await keys()).items())
    changes = await SuppressionChange.exclude(suppression_id__in=rows).values_list("at", "source")
    assert [tuple(change) for change in changes] == [(NOW, "UPGRADE")] * len(pairs)


async def test_who_got_an_email_stays_suppressed(database: str) -> None:
    world = await make_world(3)
    own = world.context.workspace_id
    for email in ("office@example.com", "nobody@example.com"):
        await suppression(email, workspace=own)
    sends = [row["id"] for row in await execute("SELECT id FROM send ORDER BY id")]
    for row_id, recipient in zip(sends, ("o\ufb03ce@example.com", "jürgen@example.com", None), strict=False):
        await execute("UPDATE send SET recipient = $2 WHERE id = $1", row_id, recipient)
    for _ in range(2):
        await address_upgrade.keep_recipients()
        assert await suppressed(own) == {"office@example.com", "o\ufb03ce@example.com", "nobody@example.com"}
    assert await SuppressionChange.filter(source="UPGRADE").count() == 1


@pytest.mark.usefixtures("release_before")
async def test_who_was_released_is_not_suppressed_again() -> None:
    await suppression("ß@straße.de", released=True)
    await person("ss@strasse.de")
    assert await migrated() == []
    assert await suppressed() == set()
    assert await Suppression.all().values_list("email_key", flat=True) == ["ß@straße.de"]


@pytest.mark.usefixtures("release_before")
async def test_two_suppressions_of_one_mailbox_become_one() -> None:
    await workspace("wsp_2")
    made = []
    for owner, first in (("wsp_1", False), ("wsp_2", True)):
        made.append(await suppression("a@müller.de", workspace=owner, released=first))
        made.append(await suppression("a@xn--mller-kva.de", workspace=owner, released=not first))
    reports = await migrated()
    for number, owner in enumerate(("wsp_1", "wsp_2")):
        told = reports[number]
        assert [row_id in told for row_id in made] == [row_id in made[2 * number :][:2] for row_id in made]
        assert told.endswith("which is suppressed.")
        assert await suppressed(owner) == {"a@müller.de"}
        (kept,) = await Suppression.filter(workspace_id=owner).values_list("id", flat=True)
        assert await SuppressionChange.filter(suppression_id=kept).count() == 2, "no history is lost"


@pytest.mark.usefixtures("release_before")
async def test_two_people_of_one_mailbox_both_stay() -> None:
    other = await person("a@xn--mller-kva.de")
    keeps = await person("a@müller.de")
    decomposed = await person("ju\u0308rgen@example.com")
    composed = await person("jürgen@example.com")
    reports = await migrated()
    assert await Person.all().count() == 4
    key_of = dict(await Person.all().values_list("id", "email_key"))
    assert key_of[keeps] == "a@müller.de"
    assert key_of[other] == f"{other} duplicates {keeps}"
    assert key_of[other] in await suppressed(), "the second person gets no emails"
    assert "a@müller.de" not in await suppressed(), "the mailbox has not unsubscribed"
    assert key_of[composed] == "jürgen@example.com"
    assert key_of[decomposed] == f"{decomposed} duplicates {composed}"
    assert sum("have one mailbox. Both stay" in told for told in reports) == 2


@pytest.mark.usefixtures("release_before")
async def test_a_new_key_may_be_the_old_key_of_another() -> None:
    await person("ss@fuss.xn--p1ai")
    await person("ß@fuss.рф")
    await suppression("ss@fuss.xn--p1ai")
    await suppression("ß@fuss.рф")
    await migrated()
    assert await keys() == {"ss@fuss.xn--p1ai": "ss@fuss.рф", "ß@fuss.рф": "ß@fuss.рф"}
    assert await suppressed() == {"ss@fuss.рф", "ß@fuss.рф"}


@pytest.mark.usefixtures("release_before")
async def test_a_key_longer_than_an_address_is_replaced() -> None:
    address = "ΐ" * 118 + "@example.com"
    if not is_postgres():  # PostgreSQL could not keep it
        await person(address)
        await suppression(address)
        assert await migrated() == []
        assert await suppressed() == {address} == set((await keys()).values())


@pytest.mark.usefixtures("release_before")
async def test_senders_get_a_key() -> None:
    for number, email in enumerate(("Ada@müller.de", "ada@xn--mller-kva.de", "bob@example.com")):
        await execute(
            "INSERT INTO sender (id, workspace_id, name, email, zone, channel, channel_config, created_at)"
            " VALUES ($1, 'wsp_1', 'A', $2, 'UTC', 'outbox', '{}', $3)",
            f"sdr_{number}",
            email,
            at(),
        )
    (told,) = await migrated()
    assert "sdr_0 (Ada@müller.de) and sdr_1 (ada@xn--mller-kva.de) have one address" in told
    keys = await Sender.all().order_by("id").values_list("email_key", flat=True)
    assert keys == ["ada@müller.de"] * 2 + ["bob@example.com"]


@pytest.mark.usefixtures("release_before")
async def test_a_killed_migration_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_upgrade, "CHUNK_ROWS", 2)
    for number in range(5):
        await suppression(f"ß{number}@straße.de")
        await person(f"ss{number}@strasse.de")
        await person(f"plain{number}@strasse.de")

    async def killed() -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(address_upgrade, "compute_senders", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await migrate_to(NAME)
    assert {row["email_key"] for row in await execute("SELECT email_key FROM suppression")} == {
        f"ss{number}@strasse.de" for number in range(5)
    }, "nothing is half done"
    assert len(await migrated()) == 5
    expected = await suppressed(), await keys(), await SuppressionChange.all().count()
    assert len(expected[0]) == 10
    # A process that is killed right behind the commit has not noted that the migration was applied.
    await execute("DELETE FROM tortoise_migrations WHERE name = $1", NAME)
    assert await migrated() == []
    assert (await suppressed(), await keys(), await SuppressionChange.all().count()) == expected
