"""What every process needs that dispatches emails, also one without GraphQL: its runtime and its tick loop."""

import gc
from collections.abc import Callable
from datetime import timedelta

from api.clock import Clock
from api.http import unsubscribe_page
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
    show: Callable[[TerminalLine], None] = lambda line: None,
) -> DispatchRuntime:
    """Return what dispatch needs: packages, clock, links, lease."""
    lease = timedelta(seconds=float(settings.lease_seconds))
    return DispatchRuntime(
        installed, clock or DatabaseClock(), unsubscribe_page.link_maker(settings), wake, show, lease
    )


def make_ticker(
    settings: Settings,
    installed: Installed,
    clock: Clock | None = None,
    show: Callable[[TerminalLine], None] = lambda line: None,
) -> Ticker:
    """Return a tick loop that its runtime can wake. Without ``clock``, it uses the database's clock."""
    clock = clock or DatabaseClock()
    sleeper: list[Ticker] = []
    runtime = make_runtime(settings, installed, clock, wake=lambda: sleeper[0].wake(), show=show)  # noqa: PLW0108 - the list is still empty
    sleeper.append(Ticker(runtime, clock, float(settings.poll_seconds)))
    return sleeper[0]


def freeze_loaded_objects() -> None:
    """Exclude loaded objects from garbage collection, and collect less often.

    A dispatch creates tens of thousands of objects without reference cycles. By default Python would look for cycles
    after every 700 of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
