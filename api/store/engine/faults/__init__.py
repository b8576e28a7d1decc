"""Recognizes and classifies errors of both databases.

Imports: codes.requests.
Imported by: http, services, store.engine.opening, store.engine.sqlite.
"""
