"""The GraphQL API: types, queries and mutations, one file for each noun. The rules are in services.

Imports: codes, mail.message, plugins, services.bulk, services.campaigns, services.common, services.compose,
    services.crm, services.dispatch, services.email_tests, services.emails, services.enrollments, services.following,
    services.launches, services.mailboxes, services.one_off_emails, services.people, services.replies, services.reports,
    services.saved_filters, services.simulations, services.tasks, services.templates, services.workspaces, strategies.
Imported by: cli.
"""
