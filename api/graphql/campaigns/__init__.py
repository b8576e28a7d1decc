"""Campaigns, their steps and edits: types, filters, previews and mutations.

Imports: codes, graphql, services, strategies.
Imported by: graphql.
"""
