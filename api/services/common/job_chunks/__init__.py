"""Chunks of background work: their size, and rows on which the work fails.

Imports: mail, store.engine, strategies.
Imported by: services.
"""
