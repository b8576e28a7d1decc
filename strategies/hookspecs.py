"""The hook that a send option package implements."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from strategies.contract import SendOption

hookspec = pluggy.HookspecMarker("touchline")
hookimpl = pluggy.HookimplMarker("touchline")


@hookspec
def touchline_register_send_options() -> "Iterable[SendOption]":
    """Return the send options that this package adds."""
    raise AssertionError("a specification is never called")
