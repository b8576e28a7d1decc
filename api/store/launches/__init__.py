"""Queries on background launches: the people, their choices, and enrolling many at once.

Imports: codes, store, strategies.
Imported by: services.campaigns.pausing, services.launches.
"""
