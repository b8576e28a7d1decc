"""Record replies and bounces, and end the campaigns that they end.

Imports: codes, mail, models, plugins, services.common, services.enrollments, store, strategies.
Imported by: graphql, http, services.dispatch.settle, services.launches, services.mailboxes.
"""
