"""The content of emails: templates, sanitized HTML, the text part, addresses and MIME.

Imports: codes, plugins, strategies.
Imported by: cli, http, services.common, services.dispatch, services.jobs, services.launches, services.mailboxes,
    services.people, services.replies, services.simulations, services.templates, services.workspaces, store.
"""
