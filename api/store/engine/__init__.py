"""What is about databases: connections, transactions, SQL for both dialects, faults, notifications.

Imports: codes, plugins, strategies.
Imported by: cli, http, services.
"""
