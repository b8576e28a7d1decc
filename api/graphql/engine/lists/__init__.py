"""Pages of lists: connections, the columns that a page reads, and exports.

Imports: codes.refusals, graphql.engine.loading, graphql.limits, services.common, strategies.
Imported by: graphql, http.
"""
