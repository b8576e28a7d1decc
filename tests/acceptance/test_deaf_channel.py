"""A channel that does not heed that its process is to stop, in a process of its own."""

import os
import signal
from pathlib import Path

import pytest

from api.models import Send, Sender
from api.states import SendStatus
from api.store.engine.database import close_database, open_database
from tests.databases import Databases
from tests.program import running
from tests.services.world import make_world

SCRIPT = """
import asyncio, contextlib, sys
from api.cli.serving import lifecycle
from api.services.dispatch import dispatcher
from plugins.channels import record

lifecycle.FORCED_STOP_SECONDS, dispatcher.STOP_PATIENCE_SECONDS = 3.0, 0.2

async def deliver(self, outgoing, about_to_transmit):
    print("given", flush=True)
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

record.RecordSession.deliver = deliver
from api.cli.parser import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["tick", "serve"])
async def test_the_process_ends_in_time_and_gives_the_email_back(
    tmp_path: Path, command: str, databases: Databases
) -> None:
    url = await databases.sqlite(tmp_path / "touchline.db")
    await open_database(url)
    world = await make_world(1)
    await Sender.all().update(channel="record")
    await close_database()
    variables = {"TOUCHLINE_DATABASE_URL": url, "TOUCHLINE_PORT": "0", "TOUCHLINE_OUTBOX": str(tmp_path / "outbox")}
    with running({**os.environ, **variables}, tmp_path, command, script=SCRIPT) as process:
        assert process.stdout.readline() == "given\n"
        process.send_signal(signal.SIGTERM)
        errors = process.stderr.read()
        assert process.wait() == 1
    assert "still running 3 s after the request to stop" in errors
    assert "Traceback" not in errors
    await open_database(url)
    assert (await Send.get(id=(await world.send()).id)).status is SendStatus.SCHEDULED
    await close_database()
