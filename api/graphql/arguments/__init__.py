"""Find the path of a value in a request, and report values that do not fit their type.

Imports: codes, strategies.
Imported by: graphql.engine, graphql.limits, http.
"""
