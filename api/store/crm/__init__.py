"""Queries on CRMs: connections, changes that wait for a CRM, and synced tasks, people and activities.

Imports: models, plugins, store.engine.
Imported by: http, services.common, services.crm, services.people, store.people.
"""
