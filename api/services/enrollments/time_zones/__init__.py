"""Changes of the tz database: recalculate unsent emails.

Imports: codes.events, codes.refusals, models, services.common, services.enrollments.timelines, services.jobs, store,
    strategies.
Imported by: nobody.
"""
