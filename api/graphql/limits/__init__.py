"""Limit what a document may cost and how large its values may be, before anything is executed.

Imports: codes, graphql.arguments, mail.message, mail.templates, services, strategies.
Imported by: graphql, http.
"""
