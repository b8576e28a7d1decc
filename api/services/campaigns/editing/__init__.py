"""api.services.campaigns.editing."""
