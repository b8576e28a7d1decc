"""Write the faults of send options, and report in the Live Feed when one is paused and when it works again."""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.mail.text_checks import storable_text
from api.services.common.request_context import sandbox_clocks
from api.services.plugin_health.breaker import LONGEST_PAUSE, TIME_OF_PROBE, Breaker
from api.services.plugin_health.faults import Fault
from api.services.plugin_health.health import SEND_OPTION, breaker_of
from api.store import plugin_health
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import campaign_event, write
from strategies.timeline.timeline_notes import utc

log = logging.getLogger("touchline.options")


@retry_on_deadlock
async def record_faults(option: str, package: str, faults: Sequence[Fault], now: datetime) -> Breaker:
    """Store the faults of one answer of an option, at ``now`` (real time, UTC). Returns the breaker after them.

    If they pause the option, each campaign that uses it gets an event. An extended pause gives no event.
    """
    plugin, last = SEND_OPTION + option, faults[-1]
    async with transaction():
        row = await plugin_health.lock_health(plugin, package, last.code, storable_text(last.sentence), now)
        before = breaker_of(row)
        after = before.after_faults(sum(fault.counts for fault in faults), now)
        await plugin_health.store_breaker(
            plugin, after.fault_at, after.faults, after.counted_from, after.pauses, after.paused_until
        )
        if before.paused_until is None and after.paused_until is not None:
            data = {"option": option, "package": package, "fault": str(last.code), "until": utc(after.paused_until)}
            await _tell_campaigns(option, EventKind.SEND_OPTION_PAUSED, data, now)
            log.error("the send option %s (%s) is paused until %s: %s", option, package, data["until"], last.sentence)
    return after


async def take_probe(option: str, now: datetime) -> bool:
    """Take the right to call a paused option once, after its pause has ended."""
    return await plugin_health.take_probe(SEND_OPTION + option, now, now + TIME_OF_PROBE, LONGEST_PAUSE)


@retry_on_deadlock
async def record_answer(option: str, package: str, now: datetime) -> None:
    """Store that a paused option has answered a probe. Each campaign that uses it gets an event."""
    async with transaction():
        if await plugin_health.end_pause(SEND_OPTION + option):
            data = {"option": option, "package": package}
            await _tell_campaigns(option, EventKind.SEND_OPTION_RESUMED, data, now)
            log.warning("the send option %s (%s) works again", option, package)


async def _tell_campaigns(option: str, kind: EventKind, data: dict[str, str], now: datetime) -> None:
    rows = await plugin_health.campaigns_with_option(option)
    clocks = await sandbox_clocks({row["workspace_id"] for row in rows})
    await write(
        [
            campaign_event(row["workspace_id"], row["id"], kind, clocks.get(row["workspace_id"], now), data=dict(data))
            for row in rows
        ]
    )
