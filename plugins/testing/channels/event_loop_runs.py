"""Run the checks of a channel in an event loop. They end also if the channel blocks the loop or ignores its end."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from types import FrameType
from typing import Any, TypeVar

from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import place_of
from plugins.testing.common.time_limit import CALL_SECONDS, NoAnswerError, time_limit

Result = TypeVar("Result")
BEAT_SECONDS = 1.0
STUCK_SECONDS = 90
"""Time after which a call counts as one that never ends. The checks cancel a call after 60 seconds."""
END_SECONDS = 5
AWAIT = "Await asyncio.to_thread(…) or an asynchronous library, and let each loop end."
LET_THROUGH = "Let asyncio.CancelledError through: clean up and raise it."


def run(checks: Coroutine[Any, Any, Result], name: str, other: str) -> Result:
    """Run checks in a new event loop. Raises RuntimeError in an asynchronous test, which must await ``other``."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        checks.close()
        raise RuntimeError(f"{name} runs an event loop of its own. In an asynchronous test, await {other}.")
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(checks)
    finally:
        # asyncio.run() would wait for ever for a task that ignores its cancellation.
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            _, endless = loop.run_until_complete(asyncio.wait(left, timeout=END_SECONDS))
            for task in endless:
                # A finding names it. Else asyncio would log an error later, during another test.
                task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def guarded(checks: Coroutine[Any, Any, Result], findings: Findings) -> Result:
    """Await checks. Raises ContractBrokenError if a call blocks the event loop for too long, or never ends."""

    def expired(frame: FrameType | None) -> None:
        fault = f"{findings.call} blocks the event loop for {CALL_SECONDS:g} seconds ({place_of(frame)})"
        findings.add(Rule.TIME_LIMIT, fault, AWAIT)

    findings.calls("the import")
    with time_limit(expired) as restart:
        task = asyncio.ensure_future(checks)
        try:
            while not task.done():
                restart()
                await asyncio.wait([task], timeout=BEAT_SECONDS)
                if not task.done() and monotonic() - findings.called_at > STUCK_SECONDS:
                    fault = f"{findings.call} has not ended after {STUCK_SECONDS} seconds, although it was cancelled"
                    findings.add(Rule.TIME_LIMIT, fault, LET_THROUGH)
                    findings.stop()
            return task.result()
        except NoAnswerError:
            findings.stop()
        finally:
            task.cancel()
