"""When a write that failed is tried again. Writes of tasks, activities and opt-outs share the rule."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from api.store.crm.changes import Change, Failure
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""The waits after the first, the second, … temporary failure. The last one repeats.

Each is randomly up to a quarter longer, so that records that failed together are not all retried at once.
"""
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


def wait_after(change: Change) -> timedelta:
    """Return how long a change waits after a failed attempt."""
    wait = WAITS[min(change.attempts, len(WAITS) - 1)]
    return wait * random.uniform(1, 1.25)  # noqa: S311 - spreads the load, no secret
