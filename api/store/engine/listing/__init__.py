"""Pages and counts of lists, whatever their filters and order.

Imports: codes.requests, strategies.
Imported by: services, store.
"""
