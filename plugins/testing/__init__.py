"""The kit with which packages test their send options and channels. They import it as ``touchline.testing``.

Imports: nothing.
Imported by: nobody.
"""

from plugins.testing.channels.assert_channel import assert_channel, check_channel
from plugins.testing.channels.one_delivery import an_email, deliver, deliver_async
from plugins.testing.common.findings import ContractBrokenError, KitHint, Rule
from plugins.testing.send_options.assert_send_option import assert_send_option

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
