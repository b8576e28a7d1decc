"""Launch a large audience in a background job, in chunks.

Imports: codes.events, codes.reasons, codes.refusals, codes.request_errors, mail, models, services.campaigns,
    services.common, services.enrollments, services.jobs, services.people, services.templates, store, strategies.
Imported by: graphql.launches, graphql.limits, services.launches.preview.
"""
