"""The kit for the tests of packages: ``assert_send_option`` checks a send option against its whole contract.

``assert_channel`` does the same for a channel, and ``deliver`` delivers one email, such as a refused one.

docs/plugins.md, "Test your package", says how to use it. It needs the extra ``touchline[testing]``.
"""

from touchline.own_packages import own_packages

with own_packages():
    from plugins.testing import (
        ContractBrokenError,
        KitHint,
        Rule,
        an_email,
        assert_channel,
        assert_send_option,
        check_channel,
        deliver,
        deliver_async,
    )

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
