"""Load the installed packages at startup: find their modules, check them, and leave out those that cannot be used.

Imports: plugins.crms, plugins.mailboxes, plugins.webhooks, strategies.
Imported by: channel_processes, cli, graphql.plugins, http, plugins.testing, services, testing.
"""
