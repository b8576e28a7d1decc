"""The gauges of CRM connections on /metrics."""

from prometheus_client import CollectorRegistry, Gauge

from api.crm_states import CrmState
from api.crm_task_states import CrmChangeKind, CrmChangeState
from api.store.crm.numbers import CrmNumbers
from plugins.crms.codes import CrmCategory

CRM_GAUGES = {
    "crm_waiting": "Changes that are not in the CRM: WAITING, or FAILED until somebody retries or drops them.",
    "crm_failed": "Changes whose last attempt to reach the CRM failed.",
    "crm_oldest_seconds": "How long the oldest change has waited for the CRM, in seconds.",
    "crm_connections": "Connections to CRMs.",
    "crm_api_use": "The largest share of a CRM's API limit that is used, from 0 to 1.",
}


def add_crms(registry: CollectorRegistry, numbers: CrmNumbers) -> None:
    """Add the gauges. Those without changes or connections have the value 0, so that alerts can refer to them."""
    waiting, failed, oldest, connections, use = (
        Gauge(f"touchline_{name}", CRM_GAUGES[name], labels, registry=registry)
        for name, labels in (
            ("crm_waiting", ["kind", "state"]),
            ("crm_failed", ["category"]),
            ("crm_oldest_seconds", []),
            ("crm_connections", ["state"]),
            ("crm_api_use", []),
        )
    )
    for kind in CrmChangeKind:
        for state in CrmChangeState:
            waiting.labels(kind.value, state.value).set(numbers.changes.get((kind.value, state.value), 0))
    for category in CrmCategory:
        failed.labels(category.value).set(numbers.failures.get(category.value, 0))
    for connection in CrmState:
        connections.labels(connection.value).set(numbers.connections.get(connection.value, 0))
    oldest.set(numbers.oldest_seconds)
    use.set(numbers.api_use)
