"""The command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

To add a command, write it in the room of its subject, such as ``workspaces/``, and name it in ``parser.py``.

Imports: graphql, plugins, store, strategies.
Imported by: nobody.
"""
