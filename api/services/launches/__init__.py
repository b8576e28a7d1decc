"""api.services.launches."""
