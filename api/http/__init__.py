"""Serve GraphQL over HTTP and websocket, the unsubscribe page, health checks and metrics.

Imports: codes, graphql.arguments, graphql.engine, graphql.limits, mail, models, server, services.common,
    services.launches, services.people, services.workspaces, store, strategies, workers.
Imported by: cli.
"""
