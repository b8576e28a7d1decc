"""Write emails: templates, safe HTML, addresses, MIME, and links that open an email elsewhere.

Imports: nothing.
Imported by: cli, http, services, store.
"""
