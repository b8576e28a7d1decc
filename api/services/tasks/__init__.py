"""api.services.tasks."""
