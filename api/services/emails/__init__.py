"""api.services.emails."""
