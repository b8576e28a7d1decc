"""The health of packages' webhooks: the last fault of each.

A webhook is never paused, because its provider repeats the requests that failed.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from api.mail.text_checks import storable_text
from api.services.common.request_context import WorkspaceContext
from api.services.plugin_health.health import PluginHealth, health_of_point
from api.store import plugin_health
from api.store.engine.transactions import retry_on_deadlock, transaction
from plugins.loading.extension_points import WEBHOOKS
from plugins.loading.manager import Installed
from strategies.codes import Message

log = logging.getLogger("touchline.webhooks")

WEBHOOK = "webhook:"
"""Begins the ids of webhooks in the table."""
RECORD_EVERY = timedelta(minutes=1)
"""The shortest time between two stored faults of a webhook: everyone can send requests that make a package fail."""


class WebhookFaults:
    """Stores the faults of the webhooks of this process."""

    def __init__(self, installed: Installed) -> None:
        self._installed = installed
        self._stored_at: dict[str, datetime] = {}
        """When this process has last stored a fault of each webhook. Only ``record`` writes it."""

    async def record(self, key: str, fault: Message, now: datetime) -> None:
        """Store a fault at ``now`` (real time, UTC). A database that fails must not change the answer to a provider."""
        last = self._stored_at.get(key)
        if last is not None and last <= now < last + RECORD_EVERY:
            return
        self._stored_at[key] = now
        try:
            await _store(key, self._installed.package_of(WEBHOOKS, key).distribution, fault, now)
        except Exception as problem:
            log.warning("cannot store the fault of the webhook %s: %s", key, type(problem).__name__)


@retry_on_deadlock
async def _store(key: str, package: str, fault: Message, now: datetime) -> None:
    async with transaction():
        await plugin_health.lock_health(WEBHOOK + key, package, fault.code, storable_text(fault.sentence), now)
        await plugin_health.store_breaker(WEBHOOK + key, now, 0, None, 0, None)


async def health_of_webhooks(installed: Installed, now: datetime) -> dict[str, PluginHealth]:
    """Return the health of each installed webhook by its key. ``now`` is real time."""
    return await health_of_point(installed, WEBHOOKS, WEBHOOK, now)


async def health_of_webhook_keys(context: WorkspaceContext, keys: Sequence[str]) -> list[PluginHealth]:
    """Return the health of installed webhooks, by their keys."""
    found = await health_of_webhooks(context.installed, context.clock())
    return [found[key] for key in keys]
