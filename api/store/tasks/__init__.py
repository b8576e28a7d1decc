"""Queries on tasks: lists, filters, locks, and tasks that expire.

Imports: models, store, strategies.
Imported by: services, store.
"""
