"""`touchline people import` with files as spreadsheets write them."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cases import how_many
from tests.program import running
from tests.program import touchline as run

ROOT = Path(__file__).parents[2]


def imported(environment: dict[str, str], folder: Path, data: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "people.csv").write_bytes(data)
    done = run(environment, folder, "people", "import", "people.csv", "--workspace", "Acme", *options)
    assert "Traceback" not in done.stderr
    return done


def test_encodings_known_people_and_dry_runs(environment: dict[str, str], tmp_path: Path) -> None:
    run(environment, tmp_path, "workspace", "Acme")
    text = "sep=;\r\nE-Mail;First Name\r\njurgen@example.com;Jürgen\r\n\r\nnobody;x\r\n"
    dry = imported(environment, tmp_path, text.encode("utf-16"), "--dry-run")
    assert (dry.returncode, "Dry run: nothing was written" in dry.stdout) == (1, True)
    assert "1 created, 0 updated, 1 refused." in dry.stdout
    assert "row 4, column E-Mail: INVALID_ADDRESS" in dry.stdout
    text = text.replace("nobody;x\r\n", "")
    new = imported(environment, tmp_path, text.encode("cp1252"))
    assert (new.returncode, "people.csv was read as cp1252." in new.stderr) == (0, True)
    assert "1 created, 0 updated, 0 refused." in new.stdout
    again = imported(environment, tmp_path, text.encode("mac-roman"), "--on-known", "skip", "--encoding", "mac-roman")
    assert (again.returncode, again.stderr.count("\n")) == (0, 1)
    assert "0 created, 0 updated, 0 refused, 1 skipped." in again.stdout


@pytest.mark.parametrize(
    ("data", "options", "code", "message"),
    [
        ("email,name\na@example.com,José\n".encode("mac-roman"), [], 1, "'JosŽ' in cp1252, 'José' in mac-roman"),
        (b"PK\x03\x04rest", [], 1, "Excel workbook"),
        (b'email,name\na@example.com,"Ada\n', [], 1, "CSV_INVALID: The quote that opens in row 2, column B (name)"),
        (b"email\na@example.com\n", ["--encoding", "utf-7"], 2, "invalid choice"),
        (b"email\na@example.com\n", ["--on-known", "merge"], 2, "invalid choice"),
        (b"email\nj\xfcrgen\n", ["--encoding", "utf-8"], 1, "not in utf-8: line 2"),
    ],
)
def test_refused_files(
    environment: dict[str, str], tmp_path: Path, data: bytes, options: list[str], code: int, message: str
) -> None:
    run(environment, tmp_path, "workspace", "Acme")
    done = imported(environment, tmp_path, data, *options)
    assert done.returncode == code
    assert message in done.stderr


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_import_that_is_killed_is_finished_by_the_next_command(
    environment: dict[str, str], tmp_path: Path, sent: signal.Signals
) -> None:
    run(environment, tmp_path, "workspace", "Acme")
    many = how_many(3_000, 6_000)  # transactions of 100 rows: the command is killed after one of the first
    rows = "".join(f"p{number}@example.com,P\n" for number in range(many))
    (tmp_path / "large.csv").write_text(f"email,first_name\n{rows}", encoding="utf-8")
    command = ("people", "import", "large.csv", "--workspace", "Acme")
    file = tmp_path / "touchline.db"
    with closing(sqlite3.connect(file, timeout=120)) as reader, running(environment, tmp_path, *command) as process:
        while not reader.execute("SELECT processed FROM people_import WHERE processed > 0").fetchall():
            assert process.poll() is None
            time.sleep(0.005)  # leaves the processor to the import
        process.send_signal(sent)
        err = process.stderr.read()
        assert process.wait() != 0
    ((status, processed),) = asked(file, "SELECT status, processed FROM people_import")
    assert (status, 0 < processed < many) == ("RUNNING", True)
    if sent is signal.SIGKILL:  # the lease of a killed process runs out after two minutes
        change(file, "UPDATE job SET lease_until = '2026-01-01 00:00:00+00:00'")
    else:
        assert "continues it." in err
        assert asked(file, "SELECT lease_until FROM job") == [(None,)]
    done = imported(environment, tmp_path, b"email\nlast@example.com\n")
    assert (done.returncode, "was interrupted at row" in done.stderr) == (0, True), done.stderr
    assert asked(file, "SELECT status FROM people_import") == [("FINISHED",), ("FINISHED",)]
    assert asked(file, "SELECT count(*) FROM person") == [(many + 1,)]


def asked(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file, timeout=120)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def change(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file, timeout=120)
    with connection:
        connection.execute(statement)
    connection.close()
