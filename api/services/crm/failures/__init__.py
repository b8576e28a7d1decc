"""Writes to the CRM that failed: the list of them, retrying and dropping.

Imports: codes, plugins, services.common, store.
Imported by: graphql, services.bulk, services.crm.activities, services.crm.connections,
    services.crm.people, services.crm.tasks.
"""
