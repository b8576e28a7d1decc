"""One person's progress through a campaign: schedule the next steps, finish it or end it.

Imports: codes, models, plugins, services.common, services.jobs, store, strategies.
Imported by: graphql, services.
"""
