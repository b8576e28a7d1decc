"""The mailbox "imap": reads the accounts, connects to mail servers and fetches what arrives. It changes nothing there.

Imports: plugins.server_accounts, strategies.
Imported by: cli.
"""
