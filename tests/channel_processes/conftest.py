"""The evil package, installed, with its channels in processes of their own and long time limits."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.channel_processes.isolation import channel_processes, isolated, remote_channels
from api.channel_processes.limits import ProcessLimits
from plugins.loading.manager import Installed, load
from tests.channel_processes.installing import EVIL, install

CALLS = {"connect": 60.0, "deliver": 60.0, "deliver_many": 60.0, "close": 60.0, "trouble": 60.0}
PATIENT = ProcessLimits(seconds=CALLS, ask_seconds=60.0, load_seconds=60.0)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evil")
    install(folder, EVIL)
    return folder


@pytest.fixture
async def installed(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installed]:
    monkeypatch.syspath_prepend(package)
    environment = {**os.environ, "EVIL_LOG": str(tmp_path / "log")}
    found = isolated(load(environment), environment)
    sys.modules.pop("touchline_evil_channel", None)
    assert found.broken == ()
    for channel in remote_channels(found):
        channel._limits = PATIENT
    async with channel_processes(found):
        yield found
