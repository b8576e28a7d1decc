"""One person's way through a campaign: schedule the next steps, finish or end it.

Imports: codes, models, services.common, services.jobs, store, strategies.
Imported by: graphql, services.
"""
