"""GraphQL itself, for all nouns: the context of a request, nodes, payloads and scalars.

Imports: codes, graphql.arguments, graphql.limits, services, strategies.
Imported by: graphql, http.
"""
