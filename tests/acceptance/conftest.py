"""The environments in which the tests run commands."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_environment(tmp_path: Path) -> dict[str, str]:
    """An environment of the test's own, with a free port, and with the name of a database that does not exist yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "300",
        "TOUCHLINE_PORT": str(free_port()),
    }
    return kept | own | {"TOUCHLINE_DATABASE_URL": f"sqlite://{tmp_path / 'touchline.db'}"}


@pytest.fixture
def environment(empty_environment: dict[str, str], tmp_path: Path, databases: Databases) -> dict[str, str]:
    """The same environment with a migrated database: the first command need not make the tables."""
    asyncio.run(databases.sqlite(tmp_path / "touchline.db"))
    return empty_environment
