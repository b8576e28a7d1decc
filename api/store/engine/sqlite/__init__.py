"""SQLite: its file, read-only connections, the queue of writers, and how its processes wake each other.

Imports: plugins, store.engine.faults, store.engine.opening.
Imported by: services.dispatch.
"""
