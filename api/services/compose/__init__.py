"""Compose windows of tasks: those of campaigns, and those that were created by hand, whose emails are one-off emails.

Imports: codes, models, services.common, services.enrollments, services.one_off_emails, services.people,
    services.tasks, services.templates, store, strategies.
Imported by: graphql.
"""
