"""plugins.channels."""
