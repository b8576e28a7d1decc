"""People, groups, CSV imports and suppressed addresses: types, filters and mutations.

Imports: graphql, services.
Imported by: graphql.
"""
