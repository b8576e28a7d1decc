"""Change several tasks at once. Each is done or refused by itself, with its own reason."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.codes.inputs import InputCode
from strategies import Refusal

MAX_TASKS = 200
"""Tasks of one request."""
PATH_OF_ID = ("id",)


@dataclass(slots=True)
class BulkResult:
    """The ids of the tasks that were changed, and the refusal of each of the others by id."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)


async def each_task(task_ids: Sequence[str], change: Callable[[str], Awaitable[Any]]) -> BulkResult:
    """Change each of these tasks in a transaction of its own. An id that is given twice counts once.

    The path of a refusal about a task itself is that of its id. Raises Refusal if there are no ids, or too many.
    """
    if not task_ids:
        raise Refusal.of(InputCode.REQUIRED, ("ids",), argument="ids")
    if len(task_ids) > MAX_TASKS:
        raise Refusal.of(InputCode.TOO_LONG, ("ids",), case="elements", limit=MAX_TASKS, length=len(task_ids))
    result = BulkResult()
    for task_id in dict.fromkeys(task_ids):
        try:
            await change(task_id)
        except Refusal as refusal:
            path = ("ids", str(task_ids.index(task_id))) if refusal.path == PATH_OF_ID else refusal.path
            result.refused.append((task_id, Refusal(refusal.code, refusal.message, path)))
        else:
            result.done.append(task_id)
    return result
