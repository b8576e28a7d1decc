"""What a channel says of a sender's account. Where it breaks, that is logged, and the account is the sender's own."""

import logging
from collections.abc import Mapping
from typing import Any

from api.mail.clean import storable
from plugins.contract import Channel

log = logging.getLogger("touchline.dispatch")

LONGEST_NAME = 200
"""Characters of an account's name that are kept."""


def account_name(channel: Channel, config: Mapping[str, Any], sender_id: str) -> str:
    """Return the name of the account that carries a sender's emails."""
    try:
        name = channel.account(config)
        if isinstance(name, str) and name:
            return storable(name, LONGEST_NAME)
        log.error("the channel %s named the account of %s by a %s", channel.key, sender_id, type(name).__name__)
    except BaseException:  # an exit is no way out for a package
        log.exception("the channel %s could not name the account of %s", channel.key, sender_id)
    return f"{channel.key}:{sender_id}"


def sessions(channel: Channel, config: Mapping[str, Any]) -> int:
    """Return how many sessions of an account may be open in this process: at least one."""
    try:
        return max(1, int(channel.sessions(config)))
    except BaseException:
        log.exception("the channel %s could not say how many sessions may be open", channel.key)
        return 1
