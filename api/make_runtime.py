"""Creates the runtime and the tick loop of a process that dispatches emails, with or without GraphQL."""

import gc
from collections.abc import Callable
from datetime import timedelta

from api.clock import Clock
from api.http import unsubscribe_page
from api.mail.return_address import ReturnAddresses
from api.mail.tracking.signed_urls import TrackingLinks, tracking_key
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.services.dispatch.dispatcher import DispatchRuntime, TerminalLine
from api.settings import Settings
from api.store.engine.database_clock import DatabaseClock
from api.tick import Ticker
from plugins.manager import Installed


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
    return DispatchRuntime(
        installed,
        clock or DatabaseClock(),
        unsubscribe_page.link_maker(settings),
        wake,
        show,
        lease,
        wake_own_loop=wake_own_loop,
        return_addresses=return_addresses(settings),
        tracking=_tracking_links(settings),
        unsubscribe_addresses=unsubscribe_addresses(settings),
    )


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
    tickers.append(Ticker(runtime, clock, float(settings.poll_seconds)))
    return tickers[0]


def freeze_loaded_objects() -> None:
    """Exclude loaded objects from garbage collection, and collect less often.

    A dispatch creates tens of thousands of objects without reference cycles. By default Python would look for cycles
    after every 700 of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
