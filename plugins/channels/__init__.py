"""The built-in channels, one file each, registered as partners register theirs.

To add a channel, write its file here and name it in ``plugins/built_in.py``.

Imports: strategies.
Imported by: plugins.testing.
"""
