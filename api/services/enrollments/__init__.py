"""api.services.enrollments."""
