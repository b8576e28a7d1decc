"""api.store.engine."""
