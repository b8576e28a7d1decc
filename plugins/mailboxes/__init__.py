"""The built-in mailboxes, a folder each, registered as partners register theirs.

To add a mailbox, write its folder here and name its module in ``plugins/built_in.py``.

Imports: nothing.
Imported by: nobody.
"""
