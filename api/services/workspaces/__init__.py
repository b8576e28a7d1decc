"""Workspaces, tokens, senders, and the accounts that senders may use.

Imports: codes, mail, models, plugins, services.common, store, strategies.
Imported by: cli, graphql, http, services.dispatch, services.tasks.
"""
