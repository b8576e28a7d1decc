"""Compose an email for one person and encode it (RFC 5322, MIME).

Imports: codes, mail.html, mail.plain_text, mail.templates, mail.tracking, mail.unsubscribing, strategies.
Imported by: graphql, services.common, services.dispatch.claim, services.dispatch.send, services.emails,
    services.launches, services.one_off_emails, services.tasks, services.templates, services.test_email_sends,
    services.workspaces, store.
"""
