"""People and their groups, CSV imports of people, and suppressed addresses.

Imports: codes, csv_reading, mail, models, services.common, services.enrollments, services.jobs, store, strategies.
Imported by: cli, graphql, http, services.bulk, services.compose, services.crm.people, services.emails,
    services.launches, services.one_off_emails, services.replies, services.tasks.
"""
