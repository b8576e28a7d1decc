"""The contract of mailboxes, and the built-in mailboxes, a folder each, registered as partners register theirs.

To add a mailbox, write its folder here and name its module in ``plugins/built_in.py``.

Imports: strategies.
Imported by: codes, plugins.loading, services.mailboxes, services.workspaces.
"""
