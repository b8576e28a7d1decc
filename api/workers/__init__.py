"""Worker processes with limits, for work on hostile input: what may take long never runs in the event loop.

Imports: nothing.
Imported by: cli, http, services.dispatch.claim, services.templates.
"""
