"""The GraphQL API: what frontends read and write. Rules live in api.services."""
