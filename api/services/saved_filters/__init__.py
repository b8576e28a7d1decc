"""Filters of lists that users save under a name. They are dynamic: each use reads what meets the filter then.

Imports: codes, models, services.common, store, strategies.
Imported by: graphql.
"""
