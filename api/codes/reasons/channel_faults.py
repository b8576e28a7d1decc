"""The faults of packages' channels that the server finds when it runs them in a process of their own."""

from strategies.codes import Code, code


class ChannelFault(Code):
    """Faults of packages' channels. An email that waits because of one has its code as the reason."""

    CHANNEL_CRASHED = code(
        "The channel {channel} of {package} ended its process in {call}.",
        when="The channel of a package ended the process that ran it, such as by `os._exit` or a fault in C code.",
        do="Correct the package. The server's log has what the process wrote last.",
    )
    CHANNEL_FAILED = code(
        "The channel {channel} of {package} raised {error} in {call}, or returned what the contract does not allow.",
        when="The channel of a package raised an exception, or returned a result that the contract does not allow.",
        do="Correct the package. The server's log has the traceback.",
    )
    CHANNEL_NOT_LOADED = code(
        "The channel {channel} of {package} cannot be loaded in its process: {reason}",
        when="The package was loaded when the server started, but not in the process that runs its channel.",
        do="Install the package again, and restart the server. The log has the reason.",
    )
    CHANNEL_PAUSED = code(
        "The channel {channel} of {package} failed too often and is not used before {until}.",
        when="The channel of a package failed several times in a row, so the server does not use it for a while.",
        do="Correct the package, or wait. `touchline plugins` shows the last fault.",
    )
    CHANNEL_TOO_MUCH_MEMORY = code(
        "The channel {channel} of {package} used more than {megabytes:,} MB of memory in {call}.",
        when="The channel of a package used more memory than allowed.",
        do="Correct the package.",
    )
    CHANNEL_TOO_SLOW = code(
        "The channel {channel} of {package} took more than {seconds:g} s in {call}.",
        when="A call of a package's channel took too long: it waits for something, or never ends.",
        do="Set time limits in the package, and use `asyncio.to_thread` for blocking calls.",
    )


CHANNEL_FAULTS = frozenset(map(str, ChannelFault))
"""The reasons of emails that wait, or are in doubt, because the channel of a package failed."""
