"""GraphQL over HTTP, server-sent events and websockets: requests, responses, JSON.

Imports: codes.events, codes.request_errors, graphql.arguments, graphql.engine, graphql.limits, http.access, server,
    services.common, services.following, store.engine.faults, store.events, strategies, worker_processes.
Imported by: http.downloads.
"""
