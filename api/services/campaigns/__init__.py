"""api.services.campaigns."""
