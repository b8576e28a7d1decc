"""Queries on enrollments, and on the facts and time zones from which their times are calculated.

Imports: codes, models, store.engine, store.people, strategies.
Imported by: services, store.campaigns, store.dispatch.
"""
