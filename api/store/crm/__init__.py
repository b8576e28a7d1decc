"""The tables of CRMs: connections, changes that wait for a CRM, and tasks, people and activities there.

Imports: models, plugins, store.engine.
Imported by: http, services.common, services.crm.activities, services.crm.connections, services.crm.failures,
    services.crm.people, services.crm.syncing, services.crm.tasks, services.people.
"""
