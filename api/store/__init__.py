"""Every SQL query, with a file for each noun. Functions take and return rows of api.models. The rules are in services.

Imports: codes, models, strategies.
Imported by: cli, http, services.
"""
