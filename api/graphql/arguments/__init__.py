"""Find the path of a value in a request, and report values that do not fit their type.

Imports: codes, services.enrollments, strategies.
Imported by: graphql, http.
"""
