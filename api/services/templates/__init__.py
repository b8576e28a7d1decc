"""api.services.templates."""
