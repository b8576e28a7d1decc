"""``touchline serve``, ``tick`` and ``demo``: processes that run until they are stopped.

Imports: channel_processes, cli.workspaces, http, mail, models, plugins, server, services, store, strategies,
    worker_processes.
Imported by: nobody.
"""
