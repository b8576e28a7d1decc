"""`touchline plugins` lists packages and the last fault of each of their send options. It also names the guide."""

import importlib.metadata
import shutil
from pathlib import Path

import pytest

import api
from api.cli.common import OutputConsole
from api.cli.plugins import list_packages
from api.cli.plugins.list_documents import list_documents
from api.cli.plugins.list_packages import list_plugins
from api.clock import system_clock
from api.services.plugin_health.faults import fault_of_limit, two_answers
from api.services.plugin_health.recording import record_faults
from api.settings import Settings
from api.store.engine.database import close_database, migrate, open_database
from api.worker_processes.limits import Limit, Limits
from strategies import Reads
from tests.plugins.packages import FakeEntry, Quick, options
from tests.source_code import ROOT


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


async def test_the_list_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    several = type("Several", (Quick,), {"key": "a_second_option_with_a_long_key_of_50_characters"})()
    entries = [FakeEntry("loft", options(Quick(), several) | {"touchline_contract": "1.0"}, "loft")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: entries if group == "touchline" else [])
    monkeypatch.setattr(list_packages, "console", OutputConsole(width=60, force_terminal=True, color_system=None))
    assert await list_plugins(Settings.read({"TOUCHLINE_DATABASE_URL": "sqlite:///nowhere/touchline.db"})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert lines[:3] == [
        f"touchline {api.version()} (contract 1.0)",
        "  send options: choose_at_launch, at_time, task,",
        "    same_time_as_previous",
    ]
    assert lines[-3:] == [
        "loft 1.2 (contract 1.0)",
        "  send options: quick,",
        "    a_second_option_with_a_long_key_of_50_characters",
    ]


def test_the_guide_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed() -> list[str]:
        assert list_documents(Settings()) == 0
        return capsys.readouterr().out.splitlines()

    lines = listed()
    assert lines[:2] == ["Write a package for Touchline", f"    {ROOT / 'docs' / 'plugins.md'}"]
    assert "    " + str(ROOT / "docs" / "plugin_reference.md") in lines
    installed = tmp_path / "touchline" / "docs"
    shutil.copytree(ROOT / "docs", installed)
    monkeypatch.setattr(api, "__file__", str(tmp_path / "api" / "__init__.py"))
    assert listed()[1] == f"    {installed / 'plugins.md'}"
