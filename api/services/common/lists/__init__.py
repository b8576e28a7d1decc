"""Lists for GraphQL: cursors, filters, pages, and rows of many parents at once.

Imports: codes.request_errors, mail, models, services.common.emails, store, strategies.
Imported by: graphql, services.
"""
