"""A SQLite file that cannot be used is refused with a sentence that says why."""

import os
import resource
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.sqlite import sqlite_file
from tests.databases import Databases
from tests.program import touchline

NOBODY = 65534


async def refused(url: str) -> str:
    """Do what every command does first. Returns why it is refused; then no thread keeps the process alive."""
    with pytest.raises(ConnectionError) as refusal:
        await opened(url)
    for each in threading.enumerate():
        if "_connection_worker_thread" in each.name:
            each.join(60)
            assert not each.is_alive()
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


async def opened(url: str) -> None:
    """Open a database, bring its tables up to date, and close it."""
    await open_database(url)
    try:
        await migrate()
    finally:
        await close_database()


def content(file: Path) -> bytes:
    """Return the bytes of a file; none of what is no file."""
    return file.read_bytes() if file.is_file() else b""


def execute(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.fixture
async def file(tmp_path: Path, databases: Databases) -> Path:
    """A SQLite file with our tables."""
    made = tmp_path / "touchline.db"
    await databases.sqlite(made)
    return made


def random(file: Path) -> None:
    file.write_bytes(os.urandom(100_000))


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def foreign(file: Path) -> None:
    file.unlink()
    execute(file, "CREATE TABLE moz_places (id)", "CREATE TABLE moz_hosts (id)")


def marked(file: Path) -> None:
    execute(file, "PRAGMA application_id = 252006673")


def garbage(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(4096 * 10)
        opened.write(os.urandom(4096 * 20))


def last_page(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(-4096, os.SEEK_END)
        opened.write(b"\x0d" + os.urandom(4095))


def cut(file: Path) -> None:
    os.truncate(file, 100_000)


def newer(file: Path) -> None:
    execute(
        file,
        "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('touchline', '0999_later', '2030-01-01')",
    )


def robbed(file: Path) -> None:
    execute(file, "DROP TABLE import_refusal")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (random, "is not a SQLite database: it is encrypted, overwritten, or another program's file. Let TOUCHLINE_"),
        (a_folder, "is a folder and not a SQLite file. Let TOUCHLINE_DATABASE_URL name another file."),
        (a_pipe, "is a pipe, a socket or a device and not a SQLite file."),
        (foreign, "it has tables that Touchline did not create (moz_hosts, moz_places). Give Touchline a database"),
        (marked, "belongs to another program (application_id 252006673). Let TOUCHLINE_DATABASE_URL"),
        (garbage, "is damaged: "),
        (last_page, "is damaged: "),
        (cut, "is damaged: "),
        (
            newer,
            "this release does not have 0999_later. Install that release again, or restore the backup",
        ),
        (robbed, "tables of Touchline are missing (import_refusal). Restore a backup"),
    ],
)
async def test_a_sqlite_file_that_cannot_be_used(file: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(file)
    before = content(file)
    sentence = await refused(f"sqlite://{file}")
    assert said in sentence
    assert str(file) in sentence or "the database cannot be used" in sentence
    assert content(file) == before, "a file that is refused was changed"


async def test_a_locked_file_is_waited_for_a_short_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqlite_file.LOCK_TIMEOUT_SECONDS == 5
    monkeypatch.setattr(sqlite_file, "LOCK_TIMEOUT_SECONDS", 0.1)
    other = sqlite3.connect(file, isolation_level=None)
    for lock in ("EXCLUSIVE", "IMMEDIATE"):
        other.execute(f"BEGIN {lock}")
        try:
            assert "is locked by another program, and was not released within 5 s. End the" in await refused(
                f"sqlite://{file}"
            )
        finally:
            other.execute("ROLLBACK")
    await opened(f"sqlite://{file}")
    other.close()


@contextmanager
def without_rights() -> Iterator[Path]:
    """A folder for a process to which the rights of files apply, also where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="touchline-rights-") as name:
        folder, root = Path(name), os.geteuid() == 0
        folder.chmod(0o777)
        if root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o777)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode"),
    [(0o755, 0o000), (0o555, 0o644), (0o555, None), (0o755, 0o444), (0o000, 0o644)],
    ids=["nothing", "no files beside it", "no new file", "only reading", "no way in"],
)
async def test_permissions_that_are_missing_are_said(file: Path, folder_mode: int, file_mode: int | None) -> None:
    ours = content(file)
    with without_rights() as folder:
        own = folder / "own"
        own.mkdir()
        moved = own / "touchline.db"
        if file_mode is not None:
            moved.write_bytes(ours)
            moved.chmod(file_mode)
        own.chmod(folder_mode)
        sentence = await refused(f"sqlite://{moved}")
        own.chmod(0o777)
    assert str(moved) in sentence
    assert "permission" in sentence


async def test_a_full_disk_is_said(file: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        sentence = await refused(f"sqlite://{file}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{file} cannot be" in sentence
    assert "the disk is full" in sentence


@pytest.mark.parametrize("command", ["serve", "tick", "workspace Acme"])
def test_a_command_ends_with_exit_code_1(file: Path, tmp_path: Path, command: str) -> None:
    newer(file)
    own = {"TOUCHLINE_DATABASE_URL": f"sqlite://{file}", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = touchline({**os.environ, **own, "TOUCHLINE_PORT": "0"}, tmp_path, *command.split())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "touchline: the database cannot be used: a newer release of Touchline has migrated"
    )
    assert "Traceback" not in done.stderr
