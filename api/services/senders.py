"""Create and change senders."""

from collections.abc import Callable
from typing import Any

from tortoise.exceptions import IntegrityError

from api.ids import new_id
from api.models import Sender
from api.services import inputs
from api.services.scope import Scope
from api.store.rows import need
from strategies import Refusal


async def create_sender(
    scope: Scope, *, name: str, email: str, zone: str, channel: str = "outbox", channel_config: Any = None
) -> Sender:
    """Create a sender. Raises Refusal."""
    row = Sender(id=new_id("sdr"), workspace_id=scope.workspace_id, created_at=scope.now)
    values = {"name": name, "email": email, "zone": zone, "channel": channel, "channel_config": channel_config}
    return await _set(scope, row, values, create=True)


async def update_sender(scope: Scope, sender_id: str, **values: Any) -> Sender:
    """Change the given values. The zone counts for what is launched from now on. Raises Refusal."""
    row = await need(Sender, scope.workspace_id, sender_id, ("id",))
    return await _set(scope, row, values, create=False)


async def _set(scope: Scope, row: Sender, values: dict[str, Any], *, create: bool) -> Sender:
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value or "", ("name",)),
        "email": lambda value: inputs.address(value or "", ("email",)),
        "zone": lambda value: inputs.zone(value or "", ("zone",)),
        "channel": lambda value: value,
        "channel_config": lambda value: {} if value is None else value,
    }
    for key, value in values.items():
        setattr(row, key, checks[key](value))
    channel = scope.installed.channels.get(row.channel)
    if channel is None:
        known = ", ".join(scope.installed.channels)
        raise Refusal("CHANNEL_UNKNOWN", f"No channel {row.channel!r} is installed. Installed: {known}.", ("channel",))
    row.channel_config = inputs.config(row.channel_config, channel.config_schema, ("channelConfig",))
    try:
        await row.save(force_create=create)
    except IntegrityError:
        raise Refusal("SENDER_EXISTS", f"A sender with {row.email} exists already.", ("email",)) from None
    return row
