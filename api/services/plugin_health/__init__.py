"""The health of packages' plugins: their faults, and the circuit breaker that pauses a plugin that fails too often.

The health is in the database, so that all processes of a server, its command line and GraphQL see the same.
``breaker.py`` decides, ``recording.py`` writes faults and recoveries, ``health.py`` reads.

Imports: channel_processes, codes, mail, plugins, services.common, store, strategies, worker_processes.
Imported by: cli, graphql, http, services.campaigns, services.option_calls.
"""
