"""The circuit breaker: after some faults, a plugin is paused. Pure; ``recording.py`` stores its state."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.states import PluginState

FAULTS_BEFORE_PAUSE = 3
"""Counted faults within COUNTING_PERIOD after which a plugin is paused."""
COUNTING_PERIOD = timedelta(minutes=10)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""Each pause is twice as long as the one before, up to this."""
PAUSES_FORGOTTEN_AFTER = timedelta(days=1)
"""Without a counted fault for this time, the next pause is as short as the first."""
TIME_OF_PROBE = timedelta(minutes=1)
"""How long other processes wait for the one process that probes a paused plugin."""
FAILING_PERIOD = timedelta(hours=1)
"""How long a plugin counts as failing after a fault."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of a plugin's breaker. Times are real times, UTC."""

    fault_at: datetime | None = None
    """When the plugin last failed."""
    faults: int = 0
    """The counted faults since ``counted_from``."""
    counted_from: datetime | None = None
    pauses: int = 0
    """How often the plugin was paused, with less than PAUSES_FORGOTTEN_AFTER between faults."""
    paused_until: datetime | None = None

    def state(self, now: datetime) -> PluginState:
        """Return the state that users see. A plugin stays paused until it has answered again."""
        if self.paused_until is not None:
            return PluginState.PAUSED
        failing = self.fault_at is not None and self.fault_at > now - FAILING_PERIOD
        return PluginState.FAILING if failing else PluginState.OK

    def can_be_asked(self, now: datetime) -> bool:
        """Return whether a plugin is not paused, or its pause has ended.

        A pause that ends later than any new one counts as ended, because the clock was set back.
        """
        return self.paused_until is None or not now < self.paused_until <= now + 2 * LONGEST_PAUSE

    def after_faults(self, counted: int, now: datetime) -> "Breaker":
        """Return the state after an answer with faults, of which ``counted`` count for the breaker."""
        after = replace(self, fault_at=now)
        if not counted:
            return after
        period_ended = self.counted_from is None or not now - COUNTING_PERIOD < self.counted_from <= now
        faults = counted if period_ended else self.faults + counted
        forgotten = self.fault_at is None or self.fault_at <= now - PAUSES_FORGOTTEN_AFTER
        pauses = 0 if forgotten else self.pauses
        if self.paused_until is None and faults < FAULTS_BEFORE_PAUSE:
            return replace(after, faults=faults, counted_from=now if period_ended else self.counted_from, pauses=pauses)
        pause = min(FIRST_PAUSE * 2 ** min(pauses, 10), LONGEST_PAUSE)
        return replace(after, faults=0, counted_from=None, pauses=pauses + 1, paused_until=now + pause)
