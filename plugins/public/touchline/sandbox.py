"""A whole Touchline for a test: ``open_sandbox`` starts one in this process. The fixture ``sandbox`` uses it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from touchline.own_packages import own_packages

with own_packages():
    from api.testing import sandbox as _sandbox
    from api.testing.sandbox import Sandbox, SandboxStep
    from plugins.testing.channels.recording_channel import RecordingChannel

__all__ = ["RecordingChannel", "Sandbox", "SandboxStep", "open_sandbox"]


@contextmanager
def open_sandbox(
    folder: Path, channel: RecordingChannel | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Sandbox]:
    """Start a server with a database in a folder. Its emails go to the channel; ``environment`` are its settings."""
    with own_packages(), _sandbox.open_sandbox(folder, channel, environment) as found:
        yield found
