"""Edit a campaign while people go through it: preview the edit, apply it, and recalculate what is unsent.

Imports: codes, models, services.campaigns.pausing, services.common, services.enrollments, services.jobs, store,
    strategies.
Imported by: graphql, services.campaigns.ending, services.campaigns.pausing, services.dispatch.recovery.
"""
