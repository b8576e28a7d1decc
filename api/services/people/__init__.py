"""People, CSV imports of people, and suppressed addresses.

Imports: codes, csv_reading, mail, models, services.common, services.enrollments, services.jobs, store, strategies.
Imported by: cli, graphql, http, services.emails, services.launches, services.replies, services.tasks.
"""
