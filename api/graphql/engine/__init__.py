"""GraphQL itself: execution, errors, pages of lists, scalars, loaders.

Imports: codes, graphql.arguments, graphql.limits, plugins, services, strategies.
Imported by: graphql, http.
"""
