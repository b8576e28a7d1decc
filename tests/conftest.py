"""What every room of the tests shares: the two databases, each empty for each test."""

import gc
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.store.engine.database import close_database, open_database
from tests import cases, quick
from tests.databases import Databases, begin_run, drop, end_run
from tests.options_here import answer_here
from tests.process_state import unchanged_process
from tests.reuse import copied, reuse
from tests.running_order import arranged

reuse()
answer_here()


FOLDER = pytest.StashKey[Path]()
WORKERS_PER_CORE = 2
MAX_WORKERS = 4
ALLOCATIONS = 50_000
"""New objects after which Python looks for cycles, as in the server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run take all cases of each test, or the quick tests only."""
    parser.addoption(cases.OPTION, action="store_true", help="try all cases of each test, not a fixed part of them")
    parser.addoption(quick.OPTION, action="store_true", help="leave out the tests that take long")
    parser.addoption(quick.WRITE, action="store_true", help="list the tests that take long, from the times of this run")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many processes run the tests: many tests wait for a browser, a database or another process."""
    return min(WORKERS_PER_CORE * (os.cpu_count() or 1), MAX_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    """Set which cases the tests take, and make a folder that all workers of this run share."""
    cases.take(config.getoption(cases.OPTION))
    told = getattr(config, "workerinput", {}).get("databases")
    if told is None:
        folder, owner = begin_run()
        config.add_cleanup(lambda: end_run(folder, owner))
        quick.prepare(config)
    else:
        folder = Path(told)
    config.stash[FOLDER] = folder
    # Python programs that tests start find the bytecode of those before them, and a run of pytest finds the tests that
    # an earlier run has rewritten. Compiling api takes 0.4 s, rewriting the tests 3 s in each worker.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # A shell that starts pytest in the background lets it ignore Ctrl+C, and the programs that tests interrupt as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # until the tests are collected: what is loaded stays


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of this run, and arrange them for its workers."""
    if config.getoption(quick.OPTION):
        quick.leave_out(config, items)
    items[:] = arranged(items, getattr(config, "workerinput", {}).get("workercount", 1))


def pytest_collection_finish() -> None:
    """Exclude what is loaded from garbage collection: looking through it takes a tenth of the time of all tests."""
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests a quick run has left out."""
    if config.getoption(quick.OPTION):
        terminalreporter.line(f"A quick run: without the {len(quick.long_tests())} tests of {quick.LIST.name}.")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the folder."""
    node.workerinput["databases"] = str(node.config.stash[FOLDER])


@pytest.fixture(autouse=True)
def _unchanged_process() -> Iterator[None]:
    """No test leaves its process changed."""
    with unchanged_process():
        yield


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    """What makes the databases of this run."""
    return Databases(pytestconfig.stash[FOLDER])


@pytest.fixture(scope="session")
def postgres_server(databases: Databases) -> Iterator[str]:
    """A real PostgreSQL, started for this run: the URL of its maintenance database."""
    with databases.server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture
async def database_url(database_kind: str, request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[str]:
    """The URL of an empty, migrated database of this test's own."""
    if database_kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=databases.folder) as folder:
            file = Path(folder) / "touchline.db"
            url = await databases.sqlite(file)
            copied(str(file))
            yield url
        return
    server = request.getfixturevalue("postgres_server")
    url = await databases.postgres(server)
    yield url
    await drop(server, url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The open database of this test."""
    await open_database(database_url)
    yield database_url
    await close_database()
