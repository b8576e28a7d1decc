"""The kit with which packages test their send options and channels. They import it as ``touchline.testing``.

Imports: plugins.channels, plugins.loading, strategies.
Imported by: testing.
"""

from plugins.testing.channels import assert_channel, check_channel
from plugins.testing.findings import ContractBrokenError, KitHint, Rule
from plugins.testing.one_delivery import an_email, deliver, deliver_async
from plugins.testing.send_options import assert_send_option

__all__ = [
    "ContractBrokenError",
    "KitHint",
    "Rule",
    "an_email",
    "assert_channel",
    "assert_send_option",
    "check_channel",
    "deliver",
    "deliver_async",
]
