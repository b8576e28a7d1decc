"""The tables of mailboxes, incoming mails and replies.

Imports: nothing.
Imported by: nobody.
"""
