"""The GraphQL API: types, queries and mutations, one file for each noun. The rules are in services.

Imports: codes, plugins, services.campaigns, services.common, services.dispatch, services.emails,
    services.enrollments, services.launches, services.mailboxes, services.people, services.replies,
    services.simulations, services.tasks, services.templates, services.workspaces, strategies.
Imported by: cli.
"""
