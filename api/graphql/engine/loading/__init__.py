"""Loaders: one query for all rows of a kind that a request needs.

Imports: services.common.
Imported by: graphql.campaigns, graphql.emails, graphql.engine.execution, graphql.engine.lists, graphql.people.
"""
