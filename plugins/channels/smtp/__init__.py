"""The channel "smtp": reads the accounts, connects to mail servers and transmits emails.

Imports: strategies.
Imported by: cli.
"""
