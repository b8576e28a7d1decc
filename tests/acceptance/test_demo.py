"""``touchline demo``, run as a program."""

import re
import signal
import socket
from pathlib import Path

import uvicorn

from api.server.server import Server
from tests.program import running
from tests.program import touchline as run


def test_the_demo_sends_its_first_email(empty_environment: dict[str, str], tmp_path: Path) -> None:
    empty_environment.pop("TOUCHLINE_DATABASE_URL")
    done = run(empty_environment, tmp_path, "demo", "--exit-after-first")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Preparing the demo in sqlite://")
    assert re.search(r"\d\d:\d\d:\d\d SENT +Demo ada\.lovelace@example\.com", done.stdout)
    assert f"http://127.0.0.1:{empty_environment['TOUCHLINE_PORT']}/graphiql#token=tl_" in done.stdout
    (email,) = (tmp_path / "touchline-data" / "demo" / "outbox").glob("*.eml")
    assert "A question for Analytical Engines" in email.read_text(encoding="utf-8")


def test_a_second_demo_leaves_the_first_one_its_database(empty_environment: dict[str, str], tmp_path: Path) -> None:
    empty_environment.pop("TOUCHLINE_DATABASE_URL")
    database = tmp_path / "touchline-data" / "demo" / "touchline.db"
    with running(empty_environment, tmp_path, "demo") as first:
        assert any(" SENT " in line for line in first.stdout)
        file = database.stat().st_ino
        for arguments in (("demo", "--exit-after-first"), ("demo", "--keep", "--exit-after-first")):
            second = run(empty_environment, tmp_path, *arguments)
            assert second.returncode == 1
            assert second.stderr.count("\n") == 1
            assert "a demo is already running in" in second.stderr
        assert database.stat().st_ino == file
        first.send_signal(signal.SIGTERM)
        first.stdout.read()
    assert run(empty_environment, tmp_path, "demo", "--exit-after-first").returncode == 0


def test_a_second_ctrl_c_stops_the_demo_as_the_first_one_does(
    empty_environment: dict[str, str], tmp_path: Path
) -> None:
    server = Server(uvicorn.Config("none:app"))
    for _ in range(2):
        server.handle_exit(signal.SIGINT, None)
    assert (server.should_exit, server.force_exit) == (True, False)
    empty_environment.pop("TOUCHLINE_DATABASE_URL")
    with running(empty_environment, tmp_path, "demo") as demo:
        assert any(" SENT " in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        demo.send_signal(signal.SIGINT)
        assert "Traceback" not in demo.stdout.read() + demo.stderr.read()


def test_the_demo_says_which_port_it_takes_instead_of_one_that_is_taken(
    empty_environment: dict[str, str], tmp_path: Path
) -> None:
    empty_environment.pop("TOUCHLINE_DATABASE_URL")
    with socket.create_server(("127.0.0.1", int(empty_environment["TOUCHLINE_PORT"]))):
        done = run(empty_environment, tmp_path, "demo", "--exit-after-first")
    said = re.search(r"Port (\d+) is in use: the demo listens on port (\d+)\.", done.stdout)
    assert said is not None, done.stdout
    assert said[1] == empty_environment["TOUCHLINE_PORT"]
    assert f"http://127.0.0.1:{said[2]}/graphiql#token=tl_" in done.stdout
