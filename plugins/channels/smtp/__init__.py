"""The channel "smtp": sessions with mail servers, from the URL of an account to the answer to each email.

Imports: nothing.
Imported by: cli.
"""
