"""What the checks of channels and send options share: findings, declarations, time limits, forbidden calls.

Imports: plugins.loading, plugins.testing.schemas.
Imported by: plugins.testing.channels, plugins.testing.send_options, testing.
"""
