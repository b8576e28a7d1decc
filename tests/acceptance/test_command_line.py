"""The commands, as an operator runs them."""

import re
import signal
import socket
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api import version
from api.cli.serving.serve import show
from api.services.common.dispatch_runtime import TerminalLine
from tests.program import running
from tests.program import touchline as run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command", ["", "serve", "tick", "demo", "migrate", "schema", "plugins", "workspace", "people import", "recover"]
)
def test_help_helps(environment: dict[str, str], tmp_path: Path, command: str) -> None:
    done = run(environment, tmp_path, *command.split(), "--help")
    assert done.returncode == 0
    assert "Settings come from the environment" in done.stdout


def test_wrong_usage(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, tmp_path, "fly").returncode == 2
    assert run(environment, tmp_path).returncode == 2


def test_the_version_is_that_of_the_project(environment: dict[str, str], tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run(environment, tmp_path, "--version").stdout == f"{project['version']}\n"


def test_migrate_schema_and_plugins(empty_environment: dict[str, str], tmp_path: Path) -> None:
    first = run(empty_environment, tmp_path, "migrate").stdout
    assert first.startswith("Opening ")
    assert "0001_initial" in first
    assert "Nothing to do" in run(empty_environment, tmp_path, "migrate").stdout
    schema = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert run(empty_environment, tmp_path, "schema").stdout == schema
    listed = run(empty_environment | {"COLUMNS": "60"}, tmp_path, "plugins")
    assert "same_time_as_previous" in listed.stdout
    assert "smtp" in listed.stdout


def test_people_import(environment: dict[str, str], tmp_path: Path) -> None:
    token = run(environment, tmp_path, "workspace", "Acme").stdout.strip()
    assert token.startswith("tl_")
    file = tmp_path / "people.csv"
    file.write_text("email,first_name\nada@example.com,Ada\nnobody,Nobody\n", encoding="utf-8")
    done = run(environment, tmp_path, "people", "import", str(file), "--workspace", "Acme")
    assert done.returncode == 1
    assert "1 created, 0 updated, 1 refused" in done.stdout
    assert "row 3, column email: INVALID_ADDRESS" in done.stdout


def test_the_readme_s_people_are_imported(environment: dict[str, str], tmp_path: Path) -> None:
    example = re.search(r"```\n(email,.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "people.csv").write_text(example[1], encoding="utf-8")
    run(environment, tmp_path, "workspace", "Acme")
    done = run(environment, tmp_path, "people", "import", "people.csv", "--workspace", "Acme")
    assert (done.returncode, "1 created, 0 updated, 0 refused" in done.stdout) == (0, True), done.stdout


def test_a_new_workspace_prints_its_token_and_the_link(environment: dict[str, str], tmp_path: Path) -> None:
    made = run(environment, tmp_path, "workspace", "Acme")
    assert re.fullmatch(r"tl_\S+\n", made.stdout)
    assert "The workspace 'Acme' was created." in made.stderr
    assert f"http://127.0.0.1:{environment['TOUCHLINE_PORT']}/graphiql#token={made.stdout.strip()}" in made.stderr
    by_name = run(environment | {"TOUCHLINE_HOST": "::1"}, tmp_path, "workspace", "Other")
    assert f"http://[::1]:{environment['TOUCHLINE_PORT']}/graphiql#token=tl_" in by_name.stderr


def test_a_workspace_that_exists_says_that_its_old_token_ends(environment: dict[str, str], tmp_path: Path) -> None:
    first = run(environment, tmp_path, "workspace", "Acme")
    again = run(environment, tmp_path, "workspace", " Acme ")
    assert again.returncode == 0
    assert "the old one stopped working" in again.stderr
    assert "the old one stopped working" not in first.stderr
    assert first.stdout != again.stdout
    shown = " ".join(run(environment, tmp_path, "workspace", "--help").stdout.split())
    assert "a new token replaces the old one" in shown


def test_a_real_workspace_is_never_taken_for_a_sandbox(environment: dict[str, str], tmp_path: Path) -> None:
    run(environment, tmp_path, "workspace", "Acme")
    refused = run(environment, tmp_path, "workspace", "Acme", "--sandbox")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "touchline: 'Acme' exists and is not a sandbox; choose another name for a sandbox.\n"

    run(environment, tmp_path, "workspace", "Play", "--sandbox")
    plain = run(environment, tmp_path, "workspace", "Play")
    assert plain.returncode == 0
    assert "The sandbox 'Play' has a new token" in plain.stderr


@pytest.mark.parametrize("name", ["", "  ", "Ac\nme", "Ac\tme", "Ac\x7fme", "Ac\x85me", "Ac\x1b[31mme", "x" * 201])
def test_a_workspace_needs_a_name(environment: dict[str, str], tmp_path: Path, name: str) -> None:
    refused = run(environment, tmp_path, "workspace", name)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("touchline: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "setting", "message"),
    [
        ("people import nothing.csv --workspace Acme", {}, "nothing.csv"),
        ("people import latin.csv --workspace Acme", {}, "Line 2 is not UTF-8"),
        ("people import nofile.csv --workspace Nobody", {}, "touchline: file not found: nofile.csv"),
        ("people import . --workspace Nobody", {}, "touchline: . is a folder; name a file"),
        ("people import good.csv --workspace Nobody", {}, "There is no workspace 'Nobody'"),
        ("migrate", {"TOUCHLINE_DATABASE_URL": "mysql://localhost/x"}, "must begin with sqlite:// or postgresql://"),
        ("migrate", {"TOUCHLINE_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "database"),
        ("migrate", {"TOUCHLINE_DATABASE_URL": "postgresql://127.0.0.1/x?maxsize=1"}, "maxsize must be at least 2"),
        ("tick", {"TOUCHLINE_DATABASE_URL": "postgresql://u:top/secret@127.0.0.1/x"}, "must be percent-encoded"),
        ("serve", {"TOUCHLINE_PORT": "x"}, "TOUCHLINE_PORT must be a whole number"),
        ("serve", {"TOUCHLINE_PORT": "99999"}, "TOUCHLINE_PORT must be a whole number from 0 to 65535"),
        ("tick", {"TOUCHLINE_WATCH_PORT": "65536"}, "TOUCHLINE_WATCH_PORT must be a whole number from 0 to 65535"),
        ("serve", {"TOUCHLINE_DATABASE_URL": "mysql://localhost/x"}, "must begin with sqlite:// or postgresql://"),
        ("serve", {"TOUCHLINE_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "the database cannot be opened"),
        ("serve", {"TOUCHLINE_SMTP_URL": "http://x"}, "TOUCHLINE_SMTP_URL cannot be used. It must begin with smtp://"),
        ("tick", {"TOUCHLINE_SMTP_URL_SALES": "smtp://u:p@h?tls=off"}, "TOUCHLINE_SMTP_URL_SALES cannot be used."),
        ("serve", {"TOUCHLINE_WEBHOOK_SENDGRID": "x"}, "TOUCHLINE_WEBHOOK_SENDGRID cannot be used. It must be the"),
        ("tick", {"TOUCHLINE_WEBHOOK_GENERIC_A": "x"}, "TOUCHLINE_WEBHOOK_GENERIC_A cannot be used. A secret must"),
    ],
)
def test_trouble_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, arguments: str, setting: dict[str, str], message: str
) -> None:
    (tmp_path / "latin.csv").write_bytes(b"email\nj\x81rgen@example.com\n")
    (tmp_path / "good.csv").write_text("email\nada@example.com\n", encoding="utf-8")
    done = run(environment | setting, tmp_path, *arguments.split())
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret@" not in done.stderr


def test_each_mistake_of_a_file_has_its_line(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("email,City,city,E-Mail,email\n", encoding="utf-8")
    run(environment, tmp_path, "workspace", "Acme")
    done = run(environment, tmp_path, "people", "import", "twice.csv", "--workspace", "Acme")
    assert done.returncode == 1
    assert [line[:31] for line in done.stderr.splitlines()[1:]] == ["touchline: CSV_DUPLICATE_COLUMN"] * 2


@pytest.mark.parametrize(
    ("command", "setting"), [("serve", "TOUCHLINE_PORT"), ("tick", "TOUCHLINE_WATCH_PORT")], ids=["serve", "tick"]
)
def test_a_port_that_is_taken_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, command: str, setting: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(environment | {setting: port}, tmp_path, command)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: address already in use. Set {setting} to another port." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_not_this_machine_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, host: str
) -> None:
    done = run(environment | {"TOUCHLINE_HOST": host}, tmp_path, "serve")
    assert done.returncode == 1
    assert f"Cannot listen on {host}:" in done.stderr
    assert "Set TOUCHLINE_HOST to an address of this machine." in done.stderr
    assert "TOUCHLINE_PORT" not in done.stderr


def test_an_email_of_another_day_shows_the_day(capsys: pytest.CaptureFixture[str]) -> None:
    virtual = datetime(2024, 3, 4, 8, 30, tzinfo=UTC)
    show(TerminalLine("Demo sandbox", virtual, "SENT", "ada@example.com", "Hello", ""))
    assert capsys.readouterr().out.startswith("2024-03-04 08:30:00 SENT     Demo sandbox ada@example.com Hello")


def test_serve_answers_and_stops(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api", "serve"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = f"http://127.0.0.1:{environment['TOUCHLINE_PORT']}"
        first = process.stderr.readline()
        assert " INFO touchline.service opening " in first
        assert first.endswith(f" and loading the packages. Then the server listens on {url}\n")
        assert re.search(r"://\w+:\w+@", first) is None, "no password"
        for line in process.stderr:
            assert datetime.fromisoformat(line.split()[0]).utcoffset() == timedelta(0), line
            if "the server is ready" in line:
                break
        assert line.endswith(f"the server is ready. GraphiQL: {url}/graphiql\n")
        health = httpx.get(f"http://127.0.0.1:{environment['TOUCHLINE_PORT']}/health", timeout=60)
        assert health.json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        last = process.stderr.read().splitlines()[-1]
        assert process.wait(timeout=120) == 0
    assert re.search(r"INFO touchline\.service the server with its tick loop stopped after \d+ s$", last)


@pytest.mark.parametrize("after", ["starts the tick loop", "applied the migrations"])
def test_tick_logs_its_start_its_database_its_version_and_its_stop(
    empty_environment: dict[str, str], tmp_path: Path, after: str
) -> None:
    lines: list[str] = []
    with running(empty_environment, tmp_path, "tick") as process:
        for line in process.stderr:
            lines.append(line)
            if after in line:
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    database = empty_environment["TOUCHLINE_DATABASE_URL"]
    assert lines[0].endswith(f"INFO touchline.service Touchline {version()} starts the tick loop on {database}\n")
    assert any("SIGTERM: finishing the emails" in line for line in lines)
    assert re.search(r"INFO touchline\.service the tick loop stopped after \d+ s$", lines[-1])


def test_no_password_is_logged_where_a_service_cannot_start(environment: dict[str, str], tmp_path: Path) -> None:
    url = "postgresql://touchline:s3cr%40t@127.0.0.1:1/acme?passfile=/root/s3cr"
    done = run(environment | {"TOUCHLINE_DATABASE_URL": url}, tmp_path, "tick")
    assert "starts the tick loop on postgresql://touchline@127.0.0.1:1/acme\n" in done.stderr
    assert re.search(
        r"ERROR touchline\.service the tick loop ended after \d+ s: the database cannot be opened", done.stderr
    )
    assert "s3cr" not in done.stderr


IMPORTS = {
    "api.cli.parser": {"graphql", "rich", "starlette", "strawberry", "tortoise", "uvicorn"},
    "api.cli.database.migrate": {"graphql", "starlette", "strawberry", "uvicorn"},
    "api.cli.schema": {"graphql", "starlette", "strawberry", "uvicorn"},
    "api.cli.plugins.list_packages": {"graphql", "starlette", "strawberry", "uvicorn"},
    "api.cli.serving.serve": {"api.mail.reading.mail_classification", "dkim", "dns", "graphql", "strawberry"},
}
"""The modules of commands, and what none of them may import. One process imports them in this order."""


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """What is loaded after the import of each of these modules."""
    code = "".join(f"import {module}; print(*sys.modules)\n" for module in IMPORTS)
    command = [sys.executable, "-c", f"import sys\n{code}"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {module: set(line.split()) for module, line in zip(IMPORTS, lines, strict=True)}


@pytest.mark.parametrize(("module", "unneeded"), IMPORTS.items())
def test_a_command_imports_what_it_needs(imported: dict[str, set[str]], module: str, unneeded: set[str]) -> None:
    """Help appears at once, and no command but ``serve``, ``demo`` and ``schema`` waits for GraphQL."""
    assert unneeded & imported[module] == set()
