"""Parse, validate and execute operations, with a fast path for plain fields and lists.

Imports: codes.request_errors, graphql.arguments, graphql.engine.loading, graphql.limits, services.common, strategies.
Imported by: http.
"""
