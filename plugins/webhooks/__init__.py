"""The contract of webhooks, and the built-in webhooks, one file each, registered as partners register theirs.

To add a webhook, write a file as ``postmark.py`` and name it in ``plugins/built_in.py``. ``accounts.py``
reads its settings.

Imports: strategies.
Imported by: cli, codes, http, plugins.loading.
"""
