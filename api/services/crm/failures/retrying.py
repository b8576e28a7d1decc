"""When a write that failed is tried again. Writes of tasks, activities and opt-outs share the rule."""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from api.store.crm.changes import Change, Failure
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import MAX_BATCH

Write = TypeVar("Write")

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""The waits after the first, the second, … temporary failure. The last one repeats.

Each is randomly up to a quarter longer, so that records that failed together are not all retried at once.
"""
SMALLER_EACH_TIME = 15
"""How many times fewer records a package gets in a request after it has failed: 200, 13, then one alone."""
MAX_LOOKS = 10
"""The most attempts after an error that reading the CRM can resolve. Then a user has to decide."""


def failure_of(
    change: Change, error: CrmError, now: datetime, *, looked_for: Collection[CrmCode] = frozenset()
) -> Failure:
    """Return the failure to store for a failed write. Temporary failures are tried again; others wait for a user.

    A failure of the whole connection does not count as an attempt. The connection waits, and the record with it.
    ``looked_for`` are errors after which the next attempt finds the record in the CRM and adopts it.
    """
    detail = error.detail or error.code.sentence
    if error.stops_all:
        return Failure(change, now, error.category, error.name, detail, counts=False)
    if error.code in looked_for and change.attempts < MAX_LOOKS:
        return Failure(change, now + wait_after(change), error.category, error.name, detail)
    if error.category is not CrmCategory.INTERMITTENT and not error.in_doubt:
        return Failure(change, None, error.category, error.name, detail)
    return Failure(change, now + wait_after(change), error.category, error.name, detail)


def waits(change: Change, until: datetime, error: CrmError) -> Failure:
    """Return the next state of a change that waits for something else."""
    return Failure(change, until, error.category.value, error.name, error.detail or error.code.sentence, counts=False)


def is_failed_write(error: CrmError) -> bool:
    """Say whether a package failed while it wrote records. It may have sent the request before."""
    return error.in_doubt and error.code is CrmCode.PLUGIN_FAILED


def error_of_failed_write(error: CrmError, count: int) -> CrmError:
    """Return the error of each record of a failed write. The last attempt, with one record, waits for a user."""
    return error if count > 1 else CrmError(error.code, error.detail, name=error.name)


def in_groups(writes: Mapping[str, Write], change_of: Callable[[str, Write], Change]) -> list[dict[str, Write]]:
    """Return the requests for these writes.

    After the package has failed, it gets fewer records at a time, so that the record that makes it fail is found.
    """
    by_size = defaultdict[int, list[str]](list)
    for key, write in writes.items():
        change = change_of(key, write)
        failures = change.attempts if change.code == CrmCode.PLUGIN_FAILED else 0
        by_size[max(MAX_BATCH // SMALLER_EACH_TIME**failures, 1)].append(key)
    return [
        {key: writes[key] for key in keys[start : start + size]}
        for size, keys in sorted(by_size.items(), reverse=True)
        for start in range(0, len(keys), size)
    ]


def wait_after(change: Change) -> timedelta:
    """Return how long a change waits after a failed attempt."""
    wait = WAITS[min(change.attempts, len(WAITS) - 1)]
    return wait * random.uniform(1, 1.25)  # noqa: S311 - spreads the load, no secret
