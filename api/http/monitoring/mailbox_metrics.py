"""The gauges of mailboxes on /metrics."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

MAILBOX_GAUGES = {
    "mailbox_up": "1 if a process reads the mailbox, 0 if it or a folder fails or no process watches it.",
    "mailbox_unread_seconds": "Time since all mails of the mailbox were last found to be read, in seconds.",
}


def add_mailboxes(registry: CollectorRegistry, numbers: Mapping[str, tuple[bool, float | None]]) -> None:
    """Add the gauges of each account of a mailbox that is configured in this process."""
    up, unread = (
        Gauge(f"touchline_{name}", description, ["account"], registry=registry)
        for name, description in MAILBOX_GAUGES.items()
    )
    for account, (is_up, seconds) in numbers.items():
        up.labels(account).set(is_up)
        if seconds is not None:
            unread.labels(account).set(seconds)
