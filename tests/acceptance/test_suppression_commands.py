"""Suppressed addresses on the command line: a list comes in, and the same list goes out."""

from pathlib import Path

from tests.program import touchline as run


def test_a_list_comes_in_and_goes_out(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("Leave-Me@example.org\r\njörg@example.org\r\nnobody\r\n".encode("utf-16"))
    assert run(environment, tmp_path, "workspace", "Acme").returncode == 0
    command = ("suppressions", "import", "list.txt", "--workspace", "Acme", "--reason", "Old system")
    done = run(environment, tmp_path, *command)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "2 suppressed, 0 already suppressed, 1 refused.")
    assert done.stdout.splitlines()[1].startswith("  row 3: INVALID_ADDRESS: ")
    out = run(environment, tmp_path, "suppressions", "export", "--workspace", "Acme")
    lines = [line.split(",") for line in out.stdout.splitlines()]
    assert (out.returncode, lines[0]) == (0, ["email", "unsubscribed_at", "source", "reason"])
    assert [(line[0], *line[2:]) for line in lines[1:]] == [
        ("Leave-Me@example.org", "CSV", "Old system"),
        ("jörg@example.org", "CSV", "Old system"),
    ]
    (tmp_path / "again.csv").write_text(out.stdout, encoding="utf-8")
    again = run(environment, tmp_path, "suppressions", "import", "again.csv", "--workspace", "Acme")
    assert (again.returncode, again.stdout) == (0, "0 suppressed, 2 already suppressed, 0 refused.\n")


def test_cells_are_no_markup(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("email\n[/b]\n[bold]x\n", encoding="utf-8")
    run(environment, tmp_path, "workspace", "Acme")
    done = run(environment, tmp_path, "suppressions", "import", "list.csv", "--workspace", "Acme")
    assert (done.returncode, done.stderr) == (1, "Reading list.csv and opening the database.\n")
    assert "'[/b]' is not a valid email address" in done.stdout
    assert "'[bold]x' is not a valid email address" in done.stdout


def test_trouble_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("name\nAda\n", encoding="utf-8")
    run(environment, tmp_path, "workspace", "Acme")
    for action, file, workspace, told in (
        ("import", ["names.csv"], "Acme", "CSV_NO_EMAIL_COLUMN"),
        ("import", ["names.csv"], "Nobody", "There is no workspace 'Nobody'"),
        ("import", ["nothing.csv"], "Acme", "nothing.csv"),
        ("export", [], "Nobody", "There is no workspace 'Nobody'"),
    ):
        done = run(environment, tmp_path, "suppressions", action, *file, "--workspace", workspace)
        assert (done.returncode, done.stdout) == (1, "")
        assert told in done.stderr
        started = [f"Reading {each} and opening the database." for each in file]
        assert done.stderr.splitlines()[:-1] == started
