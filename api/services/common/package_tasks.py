"""Await code of a package in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_own_task(work: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of a package's method, or raise its error.

    A package can cancel the task in which it runs. In a task of its own it cannot cancel the caller: the caller gets a
    ``CancelledError``, and its own task is ``cancelling()`` only if somebody else has cancelled it.
    """
    result, error = await asyncio.create_task(_outcome(work))
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


async def _outcome(work: Callable[[], Awaitable[Result]]) -> tuple[Result | None, BaseException | None]:
    """Return a result or an error. A task that raises SystemExit would end the process."""
    try:
        return await work(), None
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return None, error
