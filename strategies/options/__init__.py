"""The built-in send options, one file each, registered as partners register theirs.

To add an option, write its file here and name it in ``plugins/built_in.py``.

Imports: strategies.sentences, strategies.timeline.
Imported by: plugins.testing.
"""
