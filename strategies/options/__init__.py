"""strategies.options."""
