"""Act on an email: reschedule, edit, withdraw, retry, archive it, or settle one in doubt.

Imports: codes, mail.templates, models, services.common, services.enrollments, services.people, services.tasks,
    services.templates, store, strategies.
Imported by: graphql, services.dispatch.recovery.
"""
