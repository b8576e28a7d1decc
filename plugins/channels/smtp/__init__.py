"""The channel "smtp": reads the accounts, connects to mail servers and transmits emails.

Imports: plugins.server_accounts, strategies.
Imported by: cli.
"""
