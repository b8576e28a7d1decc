"""The content of emails: templates, sanitized HTML, the text part, addresses and MIME.

Imports: codes, plugins, strategies.
Imported by: cli, http, services.common, services.crm.connections, services.crm.people, services.dispatch,
    services.jobs, services.launches, services.mailboxes, services.one_off_emails, services.people,
    services.plugin_health, services.replies, services.simulations, services.templates, services.test_email_sends,
    services.workspaces, store.
"""
