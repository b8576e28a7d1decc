"""api.mail.message."""
