"""The built-in channels, registered as partners register theirs: ``smtp/``, ``outbox.py`` and ``record.py``.

To add a channel, write its file or folder here and name it in ``plugins/built_in.py``. ``outbox.py`` is the
shortest one that sends. ``tests/example_packages/http_channel/`` is a package with a channel for an HTTP API.

Imports: strategies.
Imported by: plugins.testing.
"""
