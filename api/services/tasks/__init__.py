"""Tasks of reps: create, change, complete, skip, compose and send, expire.

Imports: codes, mail.message, mail.templates, models, services.common, services.enrollments, services.people,
    services.templates, services.workspaces, store, strategies.
Imported by: graphql, services.dispatch, services.emails, services.replies, services.simulations.
"""
