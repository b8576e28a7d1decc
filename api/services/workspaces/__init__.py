"""api.services.workspaces."""
