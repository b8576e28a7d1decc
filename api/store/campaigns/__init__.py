"""Queries on campaigns: lists, status, edits, pauses and endings.

Imports: models, store.
Imported by: services.
"""
