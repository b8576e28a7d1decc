"""Files outside of GraphQL: attachments, emails as they were sent, CSV exports of lists.

Imports: codes.refusals, codes.request_errors, graphql.engine, graphql.limits, http.access, http.graphql,
    services.common, services.emails, services.one_off_emails, store.engine.faults, strategies.
Imported by: nobody.
"""
