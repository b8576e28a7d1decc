"""Worker processes with limits, for work on hostile input that must not block the event loop.

Imports: nothing.
Imported by: channel_processes, cli, http, services.dispatch.claim, services.option_calls, services.plugin_health,
    services.replies, services.templates.
"""
