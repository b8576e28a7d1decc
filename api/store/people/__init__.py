"""Queries on people, groups, imports and suppressed addresses.

Imports: mail, models, store.
Imported by: http, services, store.
"""
