"""What accounts at mail servers share, whether they send or receive: the URL with its login, tokens and TLS.

Imports: nothing.
Imported by: plugins.channels.smtp, plugins.mailboxes.
"""
