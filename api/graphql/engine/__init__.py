"""GraphQL itself: execution, errors, pages of lists, scalars, loaders.

Imports: codes, graphql.arguments, graphql.limits, plugins, services.common, services.dispatch, services.following,
    services.plugin_health, services.workspaces, strategies.
Imported by: http.
"""
