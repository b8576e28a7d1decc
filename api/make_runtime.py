"""Creates the runtime and the tick loop of a process that dispatches emails, with or without GraphQL."""

import gc
import logging
from collections.abc import Callable
from datetime import timedelta

from api.clock import Clock
from api.http.unsubscribing import page_routes
from api.mail.return_address import ReturnAddresses
from api.mail.tracking.signed_urls import TrackingLinks, tracking_key
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.printable import printable
from api.services.common.crm_environment import CrmEnvironment
from api.services.common.emails.eml_links import EmlLinks
from api.services.common.encryption import Encryption
from api.services.common.metrics import Metrics
from api.services.dispatch.dispatcher import DispatchRuntime, TerminalLine
from api.services.option_calls.isolation import isolated
from api.services.plugin_health.channels import record_channels
from api.settings import Settings
from api.store.engine.database_clock import DatabaseClock
from api.tick import Ticker
from plugins.loading.manager import Installed

OBJECTS_PER_COLLECTION = 10_000
"""New objects after which Python looks for cycles among them. Each collection blocks the event loop."""

log = logging.getLogger("touchline.plugins")


def make_runtime(
    settings: Settings,
    installed: Installed,
    clock: Clock | None = None,
    *,
    wake: Callable[[], None] = lambda: None,
    wake_own_loop: Callable[[], None] = lambda: None,
    show: Callable[[TerminalLine], None] = lambda line: None,
) -> DispatchRuntime:
    """Return the runtime of dispatch: packages, clock, unsubscribe links and the length of leases.

    Without ``clock``, it uses the database's clock. ``wake`` wakes the tick loop; ``show`` is called for each outcome.
    """
    lease = timedelta(seconds=float(settings.lease_seconds))
    clock, metrics = clock or DatabaseClock(), Metrics()
    for broken in installed.broken:
        log.warning("cannot use the package %s %s: %s", broken.distribution, broken.version, printable(broken.error))
    return DispatchRuntime(
        isolated(installed, clock, metrics),
        clock,
        page_routes.link_maker(settings),
        wake,
        show,
        lease,
        metrics=metrics,
        wake_own_loop=wake_own_loop,
        return_addresses=return_addresses(settings),
        tracking=_tracking_links(settings),
        unsubscribe_addresses=unsubscribe_addresses(settings),
        eml_links=_eml_links(settings),
        content_days=int(settings.content_days) if settings.content_days else None,
        crm=crm_environment(settings),
    )


def crm_environment(settings: Settings) -> CrmEnvironment:
    """Return what connections to CRMs need of the settings."""
    encryption = Encryption(settings.encryption_keys) if settings.encryption_keys else None
    return CrmEnvironment(encryption, settings.public_url, settings.crm_loopback == "on")


def return_addresses(settings: Settings) -> ReturnAddresses | None:
    """Return the return addresses of the settings; None if TOUCHLINE_RETURN_PATH is not set."""
    if not settings.return_path:
        return None
    return ReturnAddresses(settings.return_path, settings.secret, [settings.old_secret])


def _tracking_links(settings: Settings) -> TrackingLinks | None:
    """Return how tracked URLs are written, or None if TOUCHLINE_TRACKING_URL is not set."""
    if not settings.tracking_url:
        return None
    own = f"{settings.public_url.rstrip('/')}/unsubscribe/" if settings.public_url else ""
    return TrackingLinks(settings.tracking_url.rstrip("/"), tracking_key(settings.secret), own)


def _eml_links(settings: Settings) -> EmlLinks | None:
    """Return how links to sent emails are signed, or None if TOUCHLINE_SECRET is not set."""
    secrets = [secret for secret in (settings.secret, settings.old_secret) if secret]
    return EmlLinks(settings.public_url.rstrip("/"), secrets) if secrets else None


def unsubscribe_addresses(settings: Settings) -> UnsubscribeAddresses | None:
    """Return the unsubscribe addresses of the settings; None if TOUCHLINE_UNSUBSCRIBE_ADDRESS is not set."""
    if not settings.unsubscribe_address:
        return None
    return UnsubscribeAddresses(settings.unsubscribe_address, settings.secret, (settings.old_secret,))


def make_ticker(
    settings: Settings,
    installed: Installed,
    clock: Clock | None = None,
    show: Callable[[TerminalLine], None] = lambda line: None,
) -> Ticker:
    """Return a tick loop that its runtime can wake. Without ``clock``, it uses the database's clock."""
    clock = clock or DatabaseClock()
    tickers: list[Ticker] = []
    runtime = make_runtime(
        settings,
        installed,
        clock,
        wake=lambda: tickers[0].wake(),  # noqa: PLW0108 - the list is still empty
        wake_own_loop=lambda: tickers[0].wake_here(),  # noqa: PLW0108
        show=show,
    )
    record_channels(installed, clock)
    tickers.append(Ticker(runtime, clock, float(settings.poll_seconds)))
    return tickers[0]


def freeze_loaded_objects() -> None:
    """Exclude loaded objects from garbage collection, and collect less often.

    A dispatch creates tens of thousands of objects without reference cycles. By default Python would look for cycles
    after every 700 of them. But requests leave cycles, and a collection of 50,000 objects blocked the event loop for
    150 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_PER_COLLECTION)
