"""The built-in channels, registered as partners register theirs: ``smtp/``, ``outbox.py`` and ``record.py``.

To add a channel, write its file or folder here and name it in ``plugins/built_in.py``. ``outbox.py`` is the
shortest one that sends. ``tests/example_packages/pigeon/`` is a package whose channel calls a provider's HTTP API.

Imports: strategies.
Imported by: plugins.testing.
"""
