"""``touchline workspace``, ``people``, ``suppressions`` and ``accounts``: what a workspace has.

Imports: codes.request_errors, csv_reading, models, plugins, services, store, strategies.
Imported by: cli.crm, cli.serving.
"""
