"""``assert_channel`` and ``deliver``: check a channel, its accounts and its deliveries.

Imports: plugins.channels, plugins.loading, plugins.testing.common.
Imported by: testing.
"""
