"""Accounts on the command line: who uses them, and who may."""

from pathlib import Path

from tests.acceptance.test_command_line import environment as environment  # noqa: PLC0414 - a fixture
from tests.acceptance.test_command_line import run


def test_a_workspace_may_use_what_the_operator_allows(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, tmp_path, "workspace", "Acme").returncode == 0
    for given, told in (
        (["smtp:SALES", "smtp"], "The workspace 'Acme' may use smtp, smtp:SALES."),
        (["--none"], "The workspace 'Acme' may use no account."),
        (["--every"], "The workspace 'Acme' may use every account."),
    ):
        done = run(environment, tmp_path, "accounts", "allow", "Acme", *given)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, told, "")
        shown = run(environment, tmp_path, "accounts", "show")
        assert (shown.returncode, "waits until" in shown.stdout) == (0, True)
        assert told.removesuffix(".").split(" may use ")[1] in shown.stdout
    assert run(environment, tmp_path, "accounts", "allow", "Acme").returncode == 2
    lost = run(environment, tmp_path, "accounts", "allow", "Nobody", "--none")
    assert (lost.returncode, lost.stderr.strip()) == (1, "touchline: NOT_FOUND: There is no workspace 'Nobody'.")
    waits = run(environment, tmp_path, "accounts", "resume", "smtp")
    assert (waits.returncode, waits.stdout.strip()) == (0, "The account 'smtp' does not wait.")
    shown = run(environment, tmp_path, "accounts", "show")
    assert (shown.returncode, "waits until" in shown.stdout) == (0, True)
