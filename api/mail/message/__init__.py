"""Compose an email for one person and encode it (RFC 5322, MIME).

Imports: codes, mail.html, mail.plain_text, mail.templates, mail.tracking, mail.unsubscribing, strategies.
Imported by: services.dispatch.claim, services.dispatch.send, services.launches, services.tasks, services.templates,
    services.workspaces.
"""
