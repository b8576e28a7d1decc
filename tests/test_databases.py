"""Test runs on one machine leave each other's databases alone, and remove those of runs that were killed."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases
from tests.databases import OWNER, begin_run, end_run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "folder_in_memory", lambda: tmp_path)


def test_a_run_that_begins_leaves_the_folders_of_other_runs_alone() -> None:
    first, first_owner = begin_run()
    second, second_owner = begin_run()
    assert first.is_dir()
    end_run(second, second_owner)
    assert (first.is_dir(), second.exists()) == (True, False)
    end_run(first, first_owner)
    assert not first.exists()


@pytest.mark.parametrize("running", [True, False], ids=["its PostgreSQL runs", "another program has its number"])
def test_the_folder_of_a_killed_run_is_removed_and_its_postgresql_stopped(running: bool) -> None:
    killed, owner = begin_run()
    data = killed / "postgres"
    data.mkdir()
    # As PostgreSQL, it reacts to the signal also if the shell that started the tests lets its children ignore it.
    reacts = "import signal; signal.signal(signal.SIGQUIT, signal.SIG_DFL)"
    sleep = f"{reacts}; import time; print('runs', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", sleep, str(data) if running else "other"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        # Popen returns a moment before the system shows the command line of the new program.
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        (data / "postmaster.pid").write_text(f"{process.pid}\n")
        owner.close()  # as the end of its process does
        end_run(*begin_run())
        assert not killed.exists()
        assert (process.poll() is not None) == running
        process.kill()


def test_no_run_begins_while_another_one_ends(tmp_path: Path) -> None:
    folder, owner = begin_run()
    with databases._no_other_run(), next(tmp_path.glob("*.lock")).open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert (folder / OWNER).exists()
    end_run(folder, owner)
