"""The metrics of one process. They contain numbers only, no names and no email content."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """The counters and histograms of one process, in their own registry."""

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
        chunks = Histogram(
            "touchline_job_chunk_seconds",
            "How long one chunk of a background job takes.",
            ["kind"],
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120),
            registry=self.registry,
        )
        self.job_chunk = cache(chunks.labels)
        """The histogram of a kind of job."""
        failures = Counter(
            "touchline_job_failures", "Attempts at background jobs that failed.", ["kind"], registry=self.registry
        )
        self.job_failures = cache(failures.labels)
        """The counter of a kind of job."""
        crm_changes = Counter(
            "touchline_crm_changes",
            "Changes that were sent to a CRM (out) or taken over from it (in).",
            ["kind", "direction"],
            registry=self.registry,
        )
        self.crm_changes = cache(crm_changes.labels)
        """The counter of a kind of change and a direction, "out" or "in"."""
        crm_failures = Counter(
            "touchline_crm_failures", "Writes that a CRM rejected.", ["kind", "category"], registry=self.registry
        )
        self.crm_failures = cache(crm_failures.labels)
        """The counter of a kind of change and a category of errors."""
        option_faults = Counter(
            "touchline_send_option_faults",
            "Faults of send options of packages.",
            ["option", "package", "fault"],
            registry=self.registry,
        )
        self.option_faults = cache(option_faults.labels)
        """The counter of an option, its package and a fault."""
        self.loop_delay = Histogram(
            "touchline_loop_delay_seconds",
            "How late the event loop was, measured twenty times a second. Every client of the process waits as long.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.loop_stalls = Counter(
            "touchline_loop_stalls",
            "How often the event loop was more than 100 ms late. The log names the code.",
            registry=self.registry,
        )
