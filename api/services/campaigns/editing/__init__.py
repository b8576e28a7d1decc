"""Edit a campaign while people are in it: preview the edit, apply it, and recalculate unsent emails and tasks.

Imports: codes, models, services.campaigns.pausing, services.common, services.enrollments, services.jobs, store,
    strategies.
Imported by: graphql, services.campaigns.ending, services.campaigns.pausing, services.dispatch.recovery.
"""
