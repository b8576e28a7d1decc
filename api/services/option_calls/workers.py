"""The worker processes that run send options: for each set of packages some of their own.

Packages that are in one process could change what the others see. So a process imports only the packages whose options
one campaign uses together.
"""

import asyncio
import atexit
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

from api.services.option_calls import answering
from api.services.option_calls.answering import Answers
from api.services.option_calls.call_limits import MESSAGE_LIMITS
from api.worker_processes.pool import Pool
from strategies.questions import Question

PROCESSES = 2
"""Most processes of one set of packages."""
MAX_POOLS = 4
"""Sets of packages whose processes are kept. Those of the set that was asked the longest ago end first."""

_lock = threading.Lock()
_pools: OrderedDict[tuple[str, ...], Pool] = OrderedDict()


async def run(packages: tuple[str, ...], questions: Sequence[Question], paused: Collection[str]) -> Answers:
    """Answer questions in a worker process. Raises LimitExceededError and what else a pool raises."""
    task = asyncio.current_task()
    # The pool takes the calls of its keys in turn, so each task gets its turn.
    key = "" if task is None else task.get_name()
    pool = _pool_of(packages)
    return await asyncio.wrap_future(
        pool.submit(answering.answer, key, MESSAGE_LIMITS, packages, questions, frozenset(paused))
    )


def _pool_of(packages: tuple[str, ...]) -> Pool:
    with _lock:
        if packages not in _pools:
            if not _pools:
                atexit.register(close_pools)
            # The packages were imported with the same environment in the server's process.
            _pools[packages] = Pool(PROCESSES, whole_environment=True)
        _pools.move_to_end(packages)
        superfluous = [each for each in list(_pools)[:-MAX_POOLS] if _pools[each].is_idle]
        ended = [_pools.pop(each) for each in superfluous]
    for pool in ended:
        threading.Thread(target=pool.close, name="touchline-end-workers", daemon=True).start()
    return _pools[packages]


def close_pools() -> None:
    """Kill the workers. Later questions start new ones."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    atexit.unregister(close_pools)
    for pool in pools:
        pool.close()
