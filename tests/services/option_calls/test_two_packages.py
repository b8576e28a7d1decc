"""A campaign uses options of two packages in one worker: the one that breaks it is named, and the other works on."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.services.common.metrics import Metrics
from api.services.option_calls.isolation import isolated
from api.services.plugin_health.health import health_of_options
from plugins.loading.manager import Installed, load
from strategies import Refusal
from tests.databases import on_sqlite
from tests.options_here import in_workers
from tests.plugins import evil
from tests.services.option_calls.test_asker import NOW, timelines, times

PAIR = """
import os
from datetime import time as wall_time
from touchline.partners import Availability, SendAt, SendOption, hookimpl

how = os.environ.get("PAIR_BREAKS")
if how == "exits":
    os._exit(3)
if how == "raises":
    raise OSError("secret")


class Pair(SendOption):
    key = "pair"
    labels = help = {"en": "Pair"}
    config_schema = {"type": "object"}

    def availability(self, position):
        return Availability()

    def resolve(self, step):
        return SendAt(step.date, wall_time(8))


@hookimpl
def touchline_register_send_options():
    return [Pair()]
"""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Installed]:
    info = tmp_path / "touchline_pair-1.0.dist-info"
    info.mkdir()
    (tmp_path / "touchline_pair.py").write_text(PAIR)
    (info / "METADATA").write_text("Name: touchline-pair\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[touchline]\npair = touchline_pair\n")
    with evil.installed(tmp_path):
        found = load({})
        assert found.broken == ()
        yield found
        sys.modules.pop("touchline_pair", None)


@on_sqlite
@pytest.mark.usefixtures("database")
async def test_a_package_that_breaks_the_worker_harms_no_other(
    packages: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = isolated(packages, lambda: NOW, Metrics())

    async def faults() -> dict[str, str | None]:
        health = await health_of_options(server, NOW)
        return {key: health[key].fault_code for key in ("pair", "evil_ends_process", "evil_mutates")}

    with in_workers():
        # A call ends the worker.
        found = await timelines(server, "evil_ends_process", 3, first="pair")
        assert times(found) == ["SEND_OPTION_FAILED"] * 3
        assert all(isinstance(each, Refusal) and "evil_ends_process" in each.message for each in found)
        assert await faults() == {"pair": None, "evil_ends_process": "CRASHED", "evil_mutates": None}
        assert "SEND_OPTION_FAILED" not in times(await timelines(server, "evil_mutates", 2, first="pair"))
    # The import ends the worker, or raises.
    for how, fault in (("exits", "CRASHED"), ("raises", "FAILED")):
        monkeypatch.setitem(os.environ, "PAIR_BREAKS", how)
        with in_workers():
            (found_one,) = await timelines(server, "evil_mutates", 1, first="pair")
            assert isinstance(found_one, Refusal)
            assert "'pair'" in found_one.message
            assert await faults() == {"pair": fault, "evil_ends_process": "CRASHED", "evil_mutates": None}
            assert "SEND_OPTION_FAILED" not in times(await timelines(server, "evil_mutates", 1))
