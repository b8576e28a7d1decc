"""Connections to CRMs, and the records of people and tasks in them: types and mutations.

Imports: codes, graphql, plugins, services.common, services.crm, services.launches, strategies.
Imported by: graphql.people, graphql.tasks.
"""
