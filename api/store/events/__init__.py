"""Queries on the events of the Live Feed: write, read in order, and wake those who follow.

Imports: codes, models, store.engine.
Imported by: http, services, store.launches, store.people.
"""
