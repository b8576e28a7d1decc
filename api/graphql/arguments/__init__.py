"""Find where in a request a value stands, and report values that do not fit their type.

Imports: codes, strategies.
Imported by: graphql.engine, graphql.limits, http.
"""
