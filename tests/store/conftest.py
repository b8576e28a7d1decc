"""What several tests of the store share."""

from collections.abc import Callable

import pytest


@pytest.fixture
def was_retried(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    """Return a function that says whether a transaction was retried, once or more, since its last call."""
    caplog.set_level("INFO", "touchline.store")

    def was_retried() -> bool:
        found = "retrying a transaction" in caplog.text
        caplog.clear()
        return found

    return was_retried
