"""Ask the send options of packages, in worker processes with limits.

``asker.py`` is the server's side: it sends questions, reads answers, and records faults. ``answering.py`` runs in the
worker. It loads the packages once and puts each option into a ``GuardedOption``, which limits each call.

Imports: plugins, services.common, services.plugin_health, strategies, worker_processes.
Imported by: nobody.
"""
