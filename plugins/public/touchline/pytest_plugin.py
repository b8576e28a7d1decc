"""Touchline's plugin of pytest: the fixtures ``sandbox`` and ``recording_channel``.

pytest imports this module at every start, so it imports Touchline only when a test uses a fixture. Disable it with
``-p no:touchline``.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from touchline.sandbox import RecordingChannel, Sandbox


@contextmanager
def _imported_as_they_are(config: pytest.Config) -> Iterator[None]:
    """Import Touchline's modules in the block as the server does.

    pytest rewrites the assertions of all modules of a distribution with a plugin. For Touchline it would take seconds.
    """
    hook: object = config.pluginmanager.rewrite_hook
    before = list(sys.meta_path)
    sys.meta_path[:] = [each for each in before if each is not hook]
    try:
        yield
    finally:
        sys.meta_path[:] = before


@pytest.fixture
def recording_channel(pytestconfig: pytest.Config) -> "RecordingChannel":
    """Keeps the emails of the sandbox in ``emails``, and delivers none. ``answer(receipt)`` refuses the next one."""
    with _imported_as_they_are(pytestconfig):
        from touchline.sandbox import RecordingChannel

    return RecordingChannel()


@pytest.fixture
def sandbox_environment() -> Mapping[str, str]:
    """The settings of the sandbox. Override it in your tests. A sandbox never delivers through your channel."""
    return {}


@pytest.fixture
def sandbox(
    tmp_path: Path, recording_channel: "RecordingChannel", sandbox_environment: Mapping[str, str]
) -> "Iterator[Sandbox]":
    """A Touchline of this test's own, with all installed packages and a virtual clock. It records emails."""
    from touchline.sandbox import open_sandbox

    with open_sandbox(tmp_path, recording_channel, sandbox_environment) as found:
        yield found
