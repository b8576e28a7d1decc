"""Serve GraphQL over HTTP and websocket, webhooks, tracked links, the unsubscribe page, health checks and metrics.

Imports: codes, graphql.arguments, graphql.engine, graphql.limits, mail, models, plugins, server, services.common,
    services.crm, services.emails, services.following, services.mailboxes, services.one_off_emails, services.people,
    services.plugin_health, services.replies, services.tracking, services.workspaces, store, strategies, workers.
Imported by: cli.
"""
