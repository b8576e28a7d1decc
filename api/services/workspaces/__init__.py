"""Workspaces, tokens, senders, and the accounts that senders may use.

Imports: channel_processes, codes, mail, models, plugins, services.common, services.templates, store, strategies.
Imported by: cli, graphql, http, services.dispatch, services.tasks, services.test_email_sends, testing.
"""
