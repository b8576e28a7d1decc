"""End a campaign: for one person, or for everyone in it.

Imports: codes, models, services.campaigns.editing, services.campaigns.pausing, services.common, services.enrollments,
    services.jobs, store, strategies.
Imported by: graphql, services.bulk.
"""
