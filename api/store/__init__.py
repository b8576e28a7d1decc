"""Every query, a file a noun. Rows of api.models come in and go out; the rules are in services.

Imports: codes, models, strategies.
Imported by: cli, http, services.
"""
