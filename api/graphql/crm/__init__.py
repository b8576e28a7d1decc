"""Connections to CRMs, and what a CRM has of people and tasks: types and mutations.

Imports: codes, graphql, plugins, services.common, services.crm, services.launches, strategies.
Imported by: graphql.people, graphql.tasks.
"""
