"""What a request must pass before it is carried out: token, origin, size, trusted documents, limits of its workspace.

Imports: codes.refusals, codes.request_errors, graphql.engine, graphql.limits, services.common, services.following,
    services.workspaces, store.engine, strategies.
Imported by: http.downloads, http.graphql.
"""
