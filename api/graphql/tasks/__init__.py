"""Tasks of reps and their compose windows: types, filters and mutations.

Imports: graphql, services.common, services.compose, services.tasks, strategies.
Imported by: graphql.
"""
