"""`touchline plugins` shows the last fault of each send option that has failed."""

import importlib.metadata
from pathlib import Path

import pytest

from api.cli.plugins.list_packages import list_plugins
from api.clock import system_clock
from api.services.plugin_health.faults import fault_of_limit, two_answers
from api.services.plugin_health.recording import record_faults
from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database
from api.worker_processes.limits import Limit, Limits
from strategies import Reads
from tests.plugins.packages import FakeEntry, Quick, options


async def test_the_faults_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = type("Slow", (Quick,), {"key": "slow", "reads": [Reads.PERSON, Reads.FIELDS]})()
    entries = [FakeEntry("loft", options(Quick(), slow) | {"touchline_contract": "1.0"}, "loft")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    file = tmp_path / "touchline.db"
    settings = Settings.read({"TOUCHLINE_DATABASE_URL": f"sqlite://{file}"})

    async def listed() -> str:
        assert await list_plugins(settings) == 0
        return capsys.readouterr().out

    first = await listed()
    assert "quick, slow" in first
    assert "slow (loft) reads FIELDS, PERSON\n" in first
    assert not file.exists(), "to list packages makes no database"
    await open_database(settings.database_url)
    await close_database()
    assert "The health of the packages is unknown: " in await listed(), "it has no tables"
    await open_database(settings.database_url)
    try:
        await migrate()
        now = system_clock()
        await record_faults("quick", "loft", [two_answers()], now)
        await record_faults("slow", "loft", [fault_of_limit(Limit.CPU, Limits(), "resolve()")] * 3, now)
    finally:
        await close_database()
    lines = (await listed()).splitlines()
    (failing,) = [line for line in lines if line.startswith("failing")]
    at = f"at {now:%Y-%m-%d %H:%M:%S} UTC"
    assert failing == f"failing quick (loft): NOT_DETERMINISTIC {at}. It gave two answers to the same question."
    (paused,) = [line for line in lines if line.startswith("paused")]
    assert paused.startswith(f"paused slow (loft): TOO_MUCH_CPU {at}. One call of resolve() used more than 1 s of CPU")
    assert " The server uses it again at " in paused
