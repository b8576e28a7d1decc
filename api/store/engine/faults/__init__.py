"""Recognizes and classifies errors of both databases.

Imports: codes.request_errors.
Imported by: http, services, store.engine.opening, store.engine.sqlite.
"""
