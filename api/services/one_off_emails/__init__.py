"""One-off emails, which belong to no campaign: write, send, change and delete them. Upload their attachments.

Imports: codes, mail, models, services.common, services.enrollments, services.people, services.tasks,
    services.templates, store, strategies.
Imported by: graphql, http, services.bulk, services.compose, services.emails.
"""
