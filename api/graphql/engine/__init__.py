"""api.graphql.engine."""
