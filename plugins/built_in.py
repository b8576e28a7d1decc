"""The modules of Touchline's own send options and channels. Add a new one here."""

BUILT_IN_PLUGINS = (
    "strategies.options.choose_at_launch",
    "strategies.options.at_time",
    "strategies.options.task",
    "strategies.options.same_time_as_previous",
    "plugins.channels.outbox",
    "plugins.channels.record",
    "plugins.channels.smtp.channel",
)
