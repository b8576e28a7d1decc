"""Queries of dispatch: claim due emails, transmit them, and write their outcomes.

Imports: codes, plugins, store, strategies.
Imported by: http, services, store.campaigns, store.launches.
"""
