"""Mailboxes: one process watches each account, and stores the mails that arrive.

``watcher.py`` decides which accounts this process watches, and ``account_watch.py`` watches one. They store mails by
``services/replies/incoming.py``, whose job then reads them.

Imports: mail, plugins, services.common, services.replies, store.
Imported by: graphql, http.
"""
