"""What one process counts for its operator: numbers only, no names and no contents."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram


class Meter:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.claimed = Counter("touchline_claimed", "Emails that were claimed.", registry=self.registry)
        outcomes = Counter(
            "touchline_outcomes", "Attempts by their outcome.", ["outcome", "channel"], registry=self.registry
        )
        self.outcomes = cache(outcomes.labels)
        """The counter of an outcome and a channel."""
        self.latency = Histogram(
            "touchline_send_latency_seconds",
            "From the moment that an email was due to the server's answer.",
            buckets=(0.1, 0.3, 1, 3, 10, 30, 60, 300, 900, 3600, 21600),
            registry=self.registry,
        )
        self.throttled = Counter(
            "touchline_throttle_waits", "How often a sender's throttle made due emails wait.", registry=self.registry
        )
        self.failed_steps = Counter(
            "touchline_failed_steps", "Steps of the tick loop that failed and were tried again.", registry=self.registry
        )
