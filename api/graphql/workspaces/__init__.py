"""The workspace of the caller, and its senders: types and mutations.

Imports: graphql, services.
Imported by: graphql.
"""
