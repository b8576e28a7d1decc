"""Accounts on the command line: who uses them, and who may."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.program import touchline as run

SERVER = "smtp://127.0.0.1:2525?security=none"


def test_a_workspace_may_use_what_the_operator_allows(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, tmp_path, "workspace", "Acme").returncode == 0
    environment = environment | {"TOUCHLINE_SMTP_URL": SERVER, "TOUCHLINE_SMTP_URL_SALES": SERVER}
    for given, told in (
        (["smtp:SALES", "smtp"], "The workspace 'Acme' may use smtp, smtp:SALES."),
        (["--none"], "The workspace 'Acme' may use no account."),
        (["--every"], "The workspace 'Acme' may use every account."),
    ):
        done = run(environment, tmp_path, "accounts", "allow", "Acme", *given)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, told, "")
        shown = run(environment, tmp_path, "accounts", "show")
        assert (shown.returncode, "paused until" in shown.stdout) == (0, True)
        assert told.removesuffix(".").split(" may use ")[1] in shown.stdout
    assert run(environment, tmp_path, "accounts", "allow", "Acme").returncode == 2
    lost = run(environment, tmp_path, "accounts", "allow", "Nobody", "--none")
    assert (lost.returncode, lost.stderr.strip()) == (1, "touchline: NOT_FOUND: There is no workspace 'Nobody'.")
    waits = run(environment, tmp_path, "accounts", "resume", "smtp")
    assert (waits.returncode, waits.stdout.strip()) == (0, "The account 'smtp' is not paused.")
    shown = run(environment, tmp_path, "accounts", "show")
    assert (shown.returncode, "paused until" in shown.stdout) == (0, True)


def test_an_account_that_does_not_exist_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, tmp_path, "workspace", "Acme").returncode == 0
    environment = environment | {"TOUCHLINE_SMTP_URL_SALES": SERVER, "TOUCHLINE_SMTP_URL_UNSET": ""}
    there_are = "Configured: outbox, record, smtp:SALES."
    for wrong in ("smtp:SALSE", "smtp", "smtp:UNSET", "smtp:sales", "SALES", "outbox:x", ""):
        refused = run(environment, tmp_path, "accounts", "allow", "Acme", "smtp:SALES", wrong)
        told = f"touchline: ACCOUNT_UNKNOWN: No account {wrong!r} is configured here. {there_are}"
        assert (refused.returncode, refused.stdout) == (1, "")
        assert " ".join(refused.stderr.split()) == f"{told} Add --unchecked to set it anyway."
        assert "every account" in run(environment, tmp_path, "accounts", "show").stdout
    done = run(environment, tmp_path, "accounts", "allow", "Acme", "smtp:ELSEWHERE", "--unchecked")
    assert (done.returncode, done.stdout.strip()) == (0, "The workspace 'Acme' may use smtp:ELSEWHERE.")
    resumed = run(environment, tmp_path, "accounts", "resume", "smtp:SALSE")
    assert (resumed.returncode, resumed.stdout) == (1, "")
    assert "No account 'smtp:SALSE' is configured here." in resumed.stderr


def test_a_mailbox_that_waits_is_listed_and_can_be_resumed(environment: dict[str, str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "touchline.db")) as database, database:
        database.execute(
            "INSERT INTO mailbox (account, state, code, detail, failures, retry_at) VALUES"
            " ('imap:SALES', 'FAILED', 'LOGIN_REFUSED', 'Wrong password.', 1, '2199-03-02 07:30:00+00:00'),"
            " ('imap:WORKS', 'WATCHING', '', '', 0, NULL)"
        )
    shown = run(environment, tmp_path, "accounts", "show").stdout
    for word in ("imap:SALES", "2199-03-02 07:30:00", "LOGIN_REFUSED: Wrong password."):
        assert word in shown
    assert "imap:WORKS" not in shown
    resumed = run(environment, tmp_path, "accounts", "resume", "imap:SALES")
    assert (resumed.returncode, resumed.stdout.strip()) == (0, "The account 'imap:SALES' is no longer paused.")
    assert "imap:SALES" not in run(environment, tmp_path, "accounts", "show").stdout
