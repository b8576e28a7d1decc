"""Pages and counts of lists, whatever their filters and order.

Imports: codes.request_errors, strategies.
Imported by: services, store.
"""
