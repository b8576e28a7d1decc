"""``touchline serve`` that gives a channel 20 s for an email instead of 120 s, so that slow ones fail soon."""

from typing import Any

from api.channel_processes import remote_channel
from api.channel_processes.limits import ProcessLimits

DELIVER_SECONDS = 20.0


def short_limits(**given: Any) -> ProcessLimits:
    """Return the limits of a channel's process with little time for an email."""
    limits = ProcessLimits(**given)
    return ProcessLimits(seconds={**limits.seconds, "deliver": DELIVER_SECONDS, "deliver_many": DELIVER_SECONDS})


if __name__ == "__main__":
    from api.cli.parser import main

    remote_channel.ProcessLimits = short_limits  # type: ignore[assignment, attr-defined]
    raise SystemExit(main())
