"""GraphQL itself: execution, errors, pages of lists, scalars, loaders.

Imports: codes, graphql.arguments, graphql.limits, services.common, services.dispatch, services.launches,
    services.workspaces, strategies.
Imported by: http.
"""
