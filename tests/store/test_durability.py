"""A database that can lose its last commits is told at the start: their emails would be sent again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.opening import durability
from api.store.engine.opening.durability import durability_warnings, file_system
from tests.databases import on_database

MOUNTS = """\
/dev/vda / ext4 rw 0 0
nas:/sales /srv/team\\040files nfs4 rw 0 0
/dev/vdb /srv/team\\040files/local xfs rw 0 0
share /mnt fuse.sshfs rw 0 0
"""


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    """Close what a test has opened."""
    yield
    await close_database()


@pytest.mark.parametrize(
    ("parameters", "value"), [("", 2), ("?busy_timeout=100", 2), ("?synchronous=NORMAL", 1), ("?synchronous=EXTRA", 3)]
)
async def test_sqlite_writes_each_commit_to_the_disk(tmp_path: Path, parameters: str, value: int) -> None:
    await open_database(f"sqlite://{tmp_path / 'touchline.db'}{parameters}")
    (row,) = await get_connection("default").execute_query_dict("PRAGMA synchronous")
    assert row["synchronous"] == value
    await migrate()
    warnings = await durability_warnings()
    assert len(warnings) == (value < durability.SQLITE_FULL)
    assert all("loses power" in warning for warning in warnings)


async def test_memory_needs_no_warning() -> None:
    await open_database("sqlite://:memory:?synchronous=OFF")
    assert await durability_warnings() == []


async def test_a_shared_folder_has_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(durability, "MOUNTS", mounts)
    await open_database(f"sqlite://{tmp_path / 'touchline.db'}")
    (warning,) = await durability_warnings()
    assert "shared file system (nfs4)" in warning


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/srv/team files/touchline.db", "nfs4"),
        ("/srv/team files/local/touchline.db", ""),
        ("/mnt/touchline.db", "fuse.sshfs"),
        ("/mnt2/touchline.db", ""),
        ("/var/lib/touchline.db", ""),
    ],
)
def test_the_innermost_mount_counts(file: str, kind: str) -> None:
    assert file_system(Path(file), MOUNTS) == kind


async def test_postgresql_without_synchronous_commits_has_a_warning(postgres_server: str) -> None:
    await open_database(on_database(postgres_server, "postgres"))
    (warning,) = await durability_warnings()
    assert "fsync is off" in warning  # the server of the tests


@pytest.mark.parametrize(
    ("fsync", "commits", "waits_for", "standbys", "about"),
    [
        ("on", "on", "", 0, []),
        ("on", "remote_apply", "FIRST 1 (b)", 1, []),
        ("on", "off", "", 0, ["synchronous_commit is off"]),
        ("on", "on", "", 1, ["does not wait for its standbys"]),
        ("on", "local", "b", 1, ["does not wait for its standbys"]),
        ("off", "off", " ", 2, ["fsync is off", "does not wait for its standbys"]),
    ],
)
async def test_each_setting_that_loses_commits(
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: str,
    fsync: str,
    commits: str,
    waits_for: str,
    standbys: int,
    about: list[str],
) -> None:
    values = f"'{fsync}' AS fsync, '{commits}' AS commits, '{waits_for}' AS waits_for, {standbys} AS standbys"
    monkeypatch.setattr(durability, "POSTGRES_SQL", f"SELECT {values}")
    await open_database(on_database(postgres_server, "postgres"))
    warnings = await durability_warnings()
    assert [part for part, warning in zip(about, warnings, strict=True) if part in warning] == about
