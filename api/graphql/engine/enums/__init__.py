"""GraphQL enums of the values that tables and codes have, with their descriptions.

Imports: codes.events, plugins.crms, strategies.
Imported by: graphql.
"""
