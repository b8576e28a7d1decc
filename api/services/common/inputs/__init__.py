"""Checks of client input: values, versions, and keys of repeated requests.

Imports: codes.requests, mail, models, plugins.loading, store, strategies.
Imported by: cli, graphql, services.
"""
