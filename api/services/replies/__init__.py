"""api.services.replies."""
