"""Tasks of reps: create, change, complete, skip, compose and send, expire.

Imports: codes, mail.message, mail.templates, models, services.common, services.enrollments, services.people,
    services.templates, services.workspaces, store, strategies.
Imported by: graphql, services.bulk, services.compose, services.crm.tasks, services.dispatch, services.emails,
    services.one_off_emails, services.replies, services.simulations.
"""
