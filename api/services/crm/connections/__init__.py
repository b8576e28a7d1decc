"""Connections to CRMs: connect, use, pause and disconnect them, their settings, and the CRM's users.

``opening.py`` opens a session for a job or a query: ``async with open_connection(context, row) as session``.

Imports: codes, mail, models, plugins, services.common, services.crm.activities, services.crm.failures,
    services.crm.tasks, store, strategies.
Imported by: cli, graphql, http, services.crm.people, services.crm.syncing.
"""
