"""api.services.people."""
