"""The event loop in which the kit checks channels."""

import asyncio
import gc

import pytest

from plugins.testing.channels import event_loop_runs


def test_a_task_that_ignores_its_end_is_not_logged_in_a_later_test(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def endless() -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                continue

    async def checks() -> str:
        begun = asyncio.ensure_future(endless())
        await asyncio.sleep(0)
        return "running" if not begun.done() else "ended"

    monkeypatch.setattr(event_loop_runs, "END_SECONDS", 0.01)
    assert event_loop_runs.run(checks(), "deliver()", "deliver_async()") == "running"
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []
