"""The tables of CRMs: connections, changes that wait for a CRM, and tasks, people and activities there.

Imports: models, plugins, store.engine.
Imported by: http, services.common, services.crm, services.people, store.people.
"""
