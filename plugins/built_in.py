"""The modules of Touchline's own send options, channels, mailboxes, CRMs and webhooks. Add a new one here."""

BUILT_IN_PLUGINS = (
    "strategies.options.choose_at_launch",
    "strategies.options.at_time",
    "strategies.options.task",
    "strategies.options.same_time_as_previous",
    "plugins.channels.outbox",
    "plugins.channels.record",
    "plugins.channels.smtp.channel",
    "plugins.mailboxes.imap.mailbox",
    "plugins.crms.salesforce.crm",
    "plugins.webhooks.generic",
    "plugins.webhooks.mailgun",
    "plugins.webhooks.postmark",
    "plugins.webhooks.sendgrid",
    "plugins.webhooks.ses",
)
