"""The tables of workspaces, tokens, senders, saved filters and keys of requests.

Imports: nothing.
Imported by: nobody.
"""
