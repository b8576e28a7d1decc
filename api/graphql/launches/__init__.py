"""Launches at once and in the background: inputs, previews and mutations.

Imports: codes, graphql, services, strategies.
Imported by: graphql.
"""
