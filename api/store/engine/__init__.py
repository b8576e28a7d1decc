"""Access to both databases: connections, transactions, SQL for both dialects, and notifications.

Imports: codes, plugins, strategies.
Imported by: cli, http, services, store.
"""
