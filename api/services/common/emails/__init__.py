"""Parts of an email that several packages use: its recipient, files, links and sent content.

Imports: mail.message, store.dispatch, store.emails, store.engine.
Imported by: http, services, services.common.lists.
"""
