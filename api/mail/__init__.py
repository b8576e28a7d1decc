"""Write emails: templates, safe HTML, addresses, MIME, and links that open an email elsewhere.

Imports: codes, strategies.
Imported by: cli, http, services.common, services.dispatch, services.jobs, services.launches, services.people,
    services.replies, services.templates, services.workspaces, store.
"""
