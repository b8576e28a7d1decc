"""Follow changes, for subscriptions: of rows such as background launches, and the events of the Live Feed.

Imports: codes, models, services.common, store, strategies.
Imported by: graphql, http.
"""
