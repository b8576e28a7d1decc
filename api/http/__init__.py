"""Serve GraphQL, webhooks, tracked links, the unsubscribe page, downloads and pages for monitoring over HTTP.

Imports: codes, mail, plugins, server, services.common, services.crm, services.plugin_health, services.replies,
    services.tracking, store, strategies.
Imported by: nobody.
"""
