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
RECORDS_AT_ONCE = (MAX_BATCH, 13, 1)
"""The most records that a package gets in a request at first, after it has failed once, and after more failures."""
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
    if is_failed_write(error):
        # The code, not the CRM's name: records_at_once reads it. A record that was alone waits for a user.
        next_at = now + wait_after(change) if records_at_once(change) > 1 else None
        return Failure(change, next_at, error.category, error.code, detail)
    if error.code in looked_for and change.attempts < MAX_LOOKS:
        return Failure(change, now + wait_after(change), error.category, error.name, detail)
    if error.category is not CrmCategory.INTERMITTENT and not error.in_doubt:
        return Failure(change, None, error.category, error.name, detail)
    return Failure(change, now + wait_after(change), error.category, error.name, detail)


def waits_for_record(change: Change, until: datetime) -> Failure:
    """Return the next state of a change whose record the CRM may still save. It is looked for after this time."""
    code = CrmCode.PLUGIN_FAILED if change.code == CrmCode.PLUGIN_FAILED else CrmCode.ANSWER_LOST
    return Failure(change, until, code.category, code, code.sentence, counts=False)


def is_failed_write(error: CrmError) -> bool:
    """Say whether a package failed while it wrote records. It may have sent the request before."""
    return error.in_doubt and error.code is CrmCode.PLUGIN_FAILED


def records_at_once(change: Change) -> int:
    """Return how many records a package gets in the request with this one: fewer after each of its failures."""
    failures = change.attempts if change.code == CrmCode.PLUGIN_FAILED else 0
    return RECORDS_AT_ONCE[min(failures, len(RECORDS_AT_ONCE) - 1)]


def in_groups(writes: Mapping[str, Write], change_of: Callable[[str, Write], Change]) -> list[dict[str, Write]]:
    """Return the requests for these writes, so that the record that makes a package fail is found."""
    by_size = defaultdict[int, list[str]](list)
    for key, write in writes.items():
        by_size[records_at_once(change_of(key, write))].append(key)
    return [
        {key: writes[key] for key in keys[start : start + size]}
        for size, keys in sorted(by_size.items(), reverse=True)
        for start in range(0, len(keys), size)
    ]


def wait_after(change: Change) -> timedelta:
    """Return how long a change waits after a failed attempt."""
    wait = WAITS[min(change.attempts, len(WAITS) - 1)]
    return wait * random.uniform(1, 1.25)  # noqa: S311 - spreads the load, no secret
