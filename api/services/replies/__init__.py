"""Record replies and bounces, and what follows from them.

Imports: codes, mail, models, services.common, services.enrollments, store, strategies.
Imported by: graphql, services.dispatch.settle, services.launches.
"""
