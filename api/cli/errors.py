"""Exceptions of commands, in a module that the parser can import without the commands."""


class DemoRunsError(Exception):
    """A demo is running in this folder. A new one would delete its database."""
