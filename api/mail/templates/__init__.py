"""api.mail.templates."""
