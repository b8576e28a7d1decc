"""The GraphQL API: types, queries and mutations, one file for each noun. The rules are in services.

Imports: services, strategies.
Imported by: cli.
"""
