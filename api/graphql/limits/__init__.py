"""api.graphql.limits."""
