"""The health of packages' channels: the faults of their processes, and their pauses."""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.channel_processes.isolation import remote_channels
from api.clock import Clock
from api.codes.reasons.channel_faults import ChannelFault
from api.mail.text_checks import storable_text
from api.services.common.request_context import WorkspaceContext
from api.services.plugin_health.breaker import Breaker
from api.services.plugin_health.health import PluginHealth, breaker_of, health_of_options, health_of_point
from api.services.plugin_health.webhooks import health_of_webhooks
from api.store import plugin_health
from api.store.engine.transactions import retry_on_deadlock, transaction
from plugins.loading.extension_points import CHANNELS, SEND_OPTIONS, WEBHOOKS
from plugins.loading.manager import Installed
from strategies.codes import Message
from strategies.registry import OWN_DISTRIBUTION

log = logging.getLogger("touchline.channels")

CHANNEL = "channel:"
"""Begins the ids of channels in the table."""


def record_channels(installed: Installed, clock: Clock) -> None:
    """Let the channels of packages report their faults to the database."""

    async def report(key: str, package: str, fault: Message | None) -> float:
        now = clock()
        if fault is None:
            await record_channel_answer(key, package)
            return 0.0
        breaker = await record_channel_fault(key, package, fault, now)
        return 0.0 if breaker.paused_until is None else max((breaker.paused_until - now).total_seconds(), 0.0)

    for channel in remote_channels(installed):
        channel.report = report


@retry_on_deadlock
async def record_channel_fault(key: str, package: str, fault: Message, now: datetime) -> Breaker:
    """Store a fault at ``now`` (real time, UTC). Returns the breaker after it.

    The Live Feed reports it as the pause of the account. The breaker does not count an exception, because it does not
    end the channel's process.
    """
    async with transaction():
        row = await plugin_health.lock_health(CHANNEL + key, package, fault.code, storable_text(fault.sentence), now)
        before = breaker_of(row)
        after = before.after_faults(int(fault.code != ChannelFault.CHANNEL_FAILED), now)
        await plugin_health.store_breaker(
            CHANNEL + key, after.fault_at, after.faults, after.counted_from, after.pauses, after.paused_until
        )
    if before.paused_until is None and after.paused_until is not None:
        log.error("the channel %s (%s) is paused until %s", key, package, after.paused_until.isoformat())
    return after


@retry_on_deadlock
async def record_channel_answer(key: str, package: str) -> None:
    """Store that a channel has delivered an email after a fault."""
    async with transaction():
        if await plugin_health.end_pause(CHANNEL + key):
            log.warning("the channel %s (%s) works again", key, package)


async def health_of_channels(installed: Installed, now: datetime) -> dict[str, PluginHealth]:
    """Return the health of each installed channel by its key. ``now`` is real time."""
    return await health_of_point(installed, CHANNELS, CHANNEL, now)


async def health_of_channel_keys(context: WorkspaceContext, keys: Sequence[str]) -> list[PluginHealth]:
    """Return the health of installed channels, by their keys."""
    found = await health_of_channels(context.installed, context.clock())
    return [found[key] for key in keys]


async def health_of_packages(installed: Installed, now: datetime) -> list[tuple[str, PluginHealth]]:
    """Return the kind and the health of each send option, channel and webhook of packages, without Touchline's own."""
    options, channels = await health_of_options(installed, now), await health_of_channels(installed, now)
    found = [(SEND_OPTIONS.noun, each) for each in options.values()]
    found += [(CHANNELS.noun, each) for each in channels.values()]
    found += [(WEBHOOKS.noun, each) for each in (await health_of_webhooks(installed, now)).values()]
    return [(kind, each) for kind, each in found if each.package != OWN_DISTRIBUTION]
