"""One person's timeline from and to rows: send times, due dates, explanations, times that people chose.

Imports: codes.request_errors, models, services.common, services.enrollments.facts, store.dispatch, strategies.
Imported by: graphql.arguments, graphql.campaigns, graphql.enrollments, graphql.launches, services.campaigns,
    services.compose, services.dispatch, services.emails, services.enrollments.time_zones, services.launches,
    services.one_off_emails, services.tasks, services.templates.
"""
