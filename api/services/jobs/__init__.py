"""api.services.jobs."""
