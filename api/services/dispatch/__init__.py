"""api.services.dispatch."""
