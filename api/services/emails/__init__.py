"""Act on an email: reschedule, edit, withdraw, retry, archive it, or settle one in doubt.

Imports: codes, mail.message, mail.templates, models, services.common, services.enrollments, services.one_off_emails,
    services.people, services.tasks, services.templates, store, strategies.
Imported by: graphql, http, services.bulk, services.dispatch.recovery, services.test_email_sends.
"""
