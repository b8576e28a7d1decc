"""Preview a launch: emails, tasks, warnings, and people who would be refused. Nothing is written.

Imports: codes.refusals, codes.request_errors, mail.message, models, services.campaigns, services.common,
    services.enrollments, services.launches.background, services.people, services.templates, store.emails, store.engine,
    store.enrollments, store.launches, strategies.
Imported by: graphql.launches.
"""
