"""Serve GraphQL over HTTP and websocket, webhooks, tracked links and the unsubscribe page.

Imports: codes, graphql.arguments, graphql.engine, graphql.limits, mail, models, plugins, server, services.common,
    services.crm, services.emails, services.following, services.one_off_emails, services.people, services.replies,
    services.tracking, services.workspaces, store, strategies, worker_processes.
Imported by: nobody.
"""
