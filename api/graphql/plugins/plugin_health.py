"""The health of a send option, a channel or a webhook."""

from datetime import datetime

import strawberry

from api.graphql.engine.enums.table_enums import describe
from api.states import PluginState

describe(
    PluginState,
    "Whether a send option, a channel or a webhook works.",
    {
        "OK": "It has not failed within the last hour. Touchline's own are always OK.",
        "FAILING": "It has failed within the last hour. The server still uses it.",
        "PAUSED": (
            "It has failed too often, so the server does not use it for a while. Requests that need a send option are "
            "refused; emails of a channel wait. A webhook is never paused."
        ),
    },
    name="PluginHealthState",
)


@strawberry.type(
    description="Whether a send option, a channel or a webhook works, and its last fault. Times are real times, also "
    "in a sandbox."
)
class PluginHealth:
    """A services.plugin_health.health.PluginHealth."""

    state: PluginState = strawberry.field(description="Whether it works.")
    fault_code: str | None = strawberry.field(
        description="Code of its last fault, such as `TOO_MUCH_TIME`; docs/errors.md lists them. Null if it has never "
        "failed."
    )
    fault_sentence: str | None = strawberry.field(
        description="Its last fault in one sentence, for operators. The server's log has more."
    )
    fault_at: datetime | None = strawberry.field(description="When it last failed, UTC; null if it never has.")
    next_try_at: datetime | None = strawberry.field(
        description="When the server uses it again, UTC; null unless the state is PAUSED."
    )
