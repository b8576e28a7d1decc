"""Sign the links and addresses by which recipients unsubscribe, and read them again.

Imports: nothing.
Imported by: http, mail.message, services.common, services.jobs, services.people, services.replies, services.templates,
    services.test_email_sends.
"""
