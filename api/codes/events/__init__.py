"""The kinds of events in the Live Feed, and their sentences in each language. Add an event kind in event_kinds.py.

Imports: codes.reasons, codes.refusals, plugins, strategies.
Imported by: graphql, http, services, store.
"""
