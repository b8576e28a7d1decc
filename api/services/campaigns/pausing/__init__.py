"""api.services.campaigns.pausing."""
