"""``assert_send_option``: check a send option in many campaigns, time zones and clock changes.

Imports: plugins.loading, plugins.testing.common, plugins.testing.schemas, strategies.
Imported by: nobody.
"""
