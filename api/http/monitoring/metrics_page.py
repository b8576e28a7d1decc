"""The page ``/metrics``, which Prometheus reads: gauges from the database, and the metrics of this process.

To add a gauge, describe it in ``GAUGE_DESCRIPTIONS`` and count it in ``api/store/dispatch/backlog.py``, or write a file
beside ``mailbox_metrics.py``. ``api/services/common/metrics.py`` has the counters and durations of this process.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.background_jobs import JOB_KINDS
from api.codes.request_errors.http_answers import HttpCode
from api.http.monitoring.access import Access
from api.http.monitoring.crm_metrics import add_crms
from api.http.monitoring.mailbox_metrics import add_mailboxes
from api.http.monitoring.plugin_metrics import add_plugins
from api.http.monitoring.timed_checks import TimedCheck
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.mailboxes.mailbox_reads import mailbox_numbers
from api.services.plugin_health.channels import health_of_packages
from api.states import OPEN_JOB_STATES
from api.store.crm.numbers import crm_numbers
from api.store.dispatch.backlog import backlog_numbers
from api.store.engine.faults.availability import one_line
from api.store.jobs import job_numbers

log = logging.getLogger("touchline.watching")

GAUGE_DESCRIPTIONS = {
    "due": "Due emails that no process has claimed yet.",
    "oldest_due_seconds": "How long the oldest unclaimed email has been due, in seconds.",
    "claimed": "Emails that processes have claimed and not yet sent.",
    "transmitting": "Emails that are being transmitted to a mail server.",
    "on_hold": "Emails on hold because their campaign is paused or an edit is still being applied.",
    "in_doubt": "Emails in doubt: nobody knows whether the mail server accepted them.",
    "oldest_incoming_seconds": "How long the oldest unprocessed incoming mail or event has been due, in seconds.",
    "incoming_set_aside": "Incoming mails and events of the last 30 days that could not be processed.",
    "paused_accounts": "Channel accounts that are paused after errors.",
}
JOB_GAUGES = {
    "jobs": ("Unfinished background jobs.", ("kind", "state")),
    "oldest_job_seconds": ("Age of the oldest unfinished background job that has an end, in seconds.", ("kind",)),
}
"""Description and labels of each gauge of background jobs. services/common/metrics.py has their other metrics."""


def _add_jobs(registry: CollectorRegistry, counts: Mapping[tuple[str, str], int], ages: Mapping[str, float]) -> None:
    """Add the gauges of background jobs. Kinds without jobs have the value 0, so that alerts can refer to them."""
    jobs, oldest = (
        Gauge(f"touchline_{name}", description, list(labels), registry=registry)
        for name, (description, labels) in JOB_GAUGES.items()
    )
    for kind in JOB_KINDS:
        if not kind.is_standing:
            oldest.labels(kind.name).set(ages.get(kind.name, 0.0))
        for state in OPEN_JOB_STATES:
            jobs.labels(kind.name, state.value).set(counts.get((kind.name, state.value), 0))


def metrics_page(runtime: DispatchRuntime, access: Access) -> Callable[[Request], Awaitable[Response]]:
    """Return the page. Requests that ``access`` does not allow get 401, or 404 where no token is set."""
    counts = TimedCheck(lambda: backlog_numbers(runtime.clock()))
    job_counts = TimedCheck(lambda: job_numbers(runtime.clock()))
    crms = TimedCheck(lambda: crm_numbers(runtime.clock()))
    mailboxes = TimedCheck(lambda: mailbox_numbers(runtime.installed, runtime.clock()))
    plugins = TimedCheck(lambda: health_of_packages(runtime.installed, runtime.clock()))
    gauges: tuple[tuple[str, TimedCheck[Any], Callable[[CollectorRegistry, Any], None]], ...] = (
        ("count the background jobs", job_counts, lambda registry, found: _add_jobs(registry, *found)),
        ("read the state of the mailboxes", mailboxes, add_mailboxes),
        ("count the changes that wait for CRMs", crms, add_crms),
        (
            "read the health of packages",
            plugins,
            lambda registry, found: add_plugins(registry, found, runtime.clock()),
        ),
    )

    async def metrics(request: Request) -> Response:
        if not access.allows(request):
            denied = HttpCode.METRICS_DENIED.message().sentence
            return PlainTextResponse(denied + "\n", 401 if access.token else 404, {"WWW-Authenticate": "Bearer"})
        database_registry = CollectorRegistry()
        try:
            numbers = await counts()
        except Exception as problem:  # the metrics of this process are still served
            log.warning("cannot count the backlog: %s", one_line(problem))
            numbers = {}
        for what, check, add in gauges:
            try:
                add(database_registry, await check())
            except Exception as problem:
                log.warning("cannot %s: %s", what, one_line(problem))
        for name, value in numbers.items():
            Gauge(f"touchline_{name}", GAUGE_DESCRIPTIONS[name], registry=database_registry).set(value)
        text = generate_latest(database_registry) + generate_latest(runtime.metrics.registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return metrics
