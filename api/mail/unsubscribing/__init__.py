"""Sign the links and addresses by which recipients unsubscribe, and read them again.

Imports: nothing.
Imported by: http, mail.message, services.common, services.people, services.templates, services.jobs, services.replies.
"""
