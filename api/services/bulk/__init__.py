"""Actions on many emails, tasks or enrollments: at once, or as a background job. Each item is done or refused alone.

Imports: codes, models, services.campaigns.ending, services.common, services.crm.failures, services.emails,
    services.jobs, services.one_off_emails, services.people, services.tasks, store, strategies.
Imported by: graphql.
"""
