"""Shortens the waits of the sync with a CRM in this process: a proof of hours becomes one of minutes."""

from datetime import timedelta
from functools import partial
from typing import Any

from api.services.crm.connections import hosts, opening
from api.services.crm.failures import retrying
from api.services.crm.syncing import rounds, sync_job
from api.services.jobs import job_lease, runner
from api.store import jobs
from plugins.crms.salesforce import crm
from plugins.crms.salesforce.transport.limits import ClientLimits

LIMITS = partial(ClientLimits, connect_seconds=1, silence_seconds=1.5, total_seconds=3, page_records=200)
SHORTER: dict[Any, dict[str, Any]] = {
    jobs: {"LEASE": timedelta(seconds=2)},
    runner: {"kept_lease": partial(job_lease.kept_lease, interval=timedelta(seconds=0.5))},
    sync_job: {"POLL": timedelta(seconds=0.1)},
    rounds: {"PULL_EVERY": timedelta(seconds=1), "DELETIONS_EVERY": timedelta(seconds=2)},
    retrying: {"WAITS": tuple(timedelta(seconds=seconds) for seconds in (0.3, 0.6, 1, 2))},
    opening: {"FIRST_RETRY": timedelta(seconds=0.3), "MAX_RETRY": timedelta(seconds=1)},
    hosts: {"RENEWAL_LEASE": timedelta(seconds=3)},
    # The local Salesforce carries a write out when it arrives, or never.
    crm.Salesforce: {"doubt_seconds": 5},
    crm: {"ClientLimits": LIMITS},
}
"""The waits of each module. The order of their lengths stays."""


def hurry() -> None:
    """Shorten them."""
    for owner, values in SHORTER.items():
        for name, value in values.items():
            assert hasattr(owner, name), f"{owner} has no {name} any more"
            setattr(owner, name, value)
