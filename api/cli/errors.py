"""What commands raise. The parser reports it without importing the command."""


class DemoRunsError(Exception):
    """A demo is running in this folder. A new one would delete its database."""
