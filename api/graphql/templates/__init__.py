"""Templates and categories: types, filters and mutations.

Imports: graphql, services.campaigns, services.common, services.templates.
Imported by: graphql.campaigns, graphql.emails.
"""
