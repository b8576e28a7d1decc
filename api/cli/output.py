"""The output of the command line, whose reader may have gone, as in ``touchline mail list | head``."""

import os
import select
import sys

BROKEN_PIPE = 141
"""Exit code of a program whose output nobody reads any more: 128 and the number of SIGPIPE."""


def output_is_broken() -> bool:
    """Say whether nobody reads the output any more. A connection to another program can break as well."""
    for stream in (sys.stdout, sys.stderr):
        try:
            number = stream.fileno()
        except (OSError, ValueError):  # it is not a file
            continue
        state = select.poll()
        state.register(number, 0)
        if any(event & select.POLLERR for _, event in state.poll(0)):
            return True
    return False


def discard_output() -> None:
    """Discard the rest of the output, so that Python does not report the broken pipe when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
