"""plugins.channels.smtp."""
