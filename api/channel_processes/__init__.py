"""Run the channels of partners' packages in processes of their own, with limits.

``RemoteChannel`` is a ``Channel`` for dispatch. It talks over a socket to ``child.py``, which runs the package's own
channel. Messages are JSON and bytes, so that nothing of a package runs in the server when it reads them.

Imports: codes, plugins, strategies, worker_processes.
Imported by: cli, services.dispatch, services.plugin_health, services.workspaces.
"""
