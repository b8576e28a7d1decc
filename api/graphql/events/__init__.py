"""The Live Feed and the subscriptions to rows that change: types, filters and subscriptions.

Imports: codes, graphql, services.following.
Imported by: graphql.
"""
