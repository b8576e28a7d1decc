"""Checks of client input: values, versions, and keys of repeated requests.

Imports: codes.request_errors, mail, models, plugins.loading, store, strategies.
Imported by: cli, graphql, services.
"""
