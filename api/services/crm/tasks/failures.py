"""The next state of a change of a task that did not reach the CRM, or that cannot be applied here."""

from datetime import datetime

from api.services.crm.failures.retrying import failure_of, wait_after
from api.store.crm.changes import Change, Failure
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from strategies import Refusal

LOOKED_FOR = frozenset({CrmCode.DUPLICATE_VALUE, CrmCode.ENTITY_IS_DELETED})
"""Errors after which the next attempt reads the task from the CRM and adopts it."""
MAX_REFUSALS = 10
"""Attempts to apply a change here, after which a user has to look at it."""


def failed(change: Change, error: CrmError, now: datetime) -> Failure:
    """Return the next state of a change that the CRM has rejected, or may not have received."""
    return failure_of(change, error, now, looked_for=LOOKED_FOR)


def refused(change: Change, refusal: Refusal, now: datetime) -> Failure:
    """Return the next state of a change of the CRM that cannot be applied here now, such as while an email is sent."""
    next_at = now + wait_after(change) if change.attempts < MAX_REFUSALS else None
    return Failure(change, next_at, CrmCategory.VALIDATION.value, refusal.code, refusal.message)
