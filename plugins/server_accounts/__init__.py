"""The common parts of accounts that send and accounts that receive: the URL with its login, tokens and TLS.

Imports: nothing.
Imported by: plugins.channels.smtp, plugins.mailboxes.
"""
