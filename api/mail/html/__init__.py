"""api.mail.html."""
