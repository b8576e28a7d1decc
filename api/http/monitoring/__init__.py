"""Pages for monitoring: health, readiness, and the numbers that Prometheus reads.

Imports: codes, plugins, server, services.common, services.mailboxes, services.plugin_health, store, strategies.
Imported by: cli.
"""
