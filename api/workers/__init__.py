"""Worker processes with limits, for work on hostile input that must not block the event loop.

Imports: nothing.
Imported by: cli, http, services.dispatch.claim, services.templates.
"""
