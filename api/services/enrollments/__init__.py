"""One person's progress through a campaign: schedule the next steps, finish it or end it.

Imports: codes, models, services.common, store, strategies.
Imported by: graphql, services.
"""
