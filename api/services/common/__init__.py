"""api.services.common."""
