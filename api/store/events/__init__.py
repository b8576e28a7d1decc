"""Queries on the events of the Live Feed: write events, read them in order, and wake their readers.

Imports: codes, models, store.engine.
Imported by: http, services, store.dispatch, store.launches, store.people.
"""
