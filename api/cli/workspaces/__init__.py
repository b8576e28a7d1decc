"""``touchline workspace``, ``people``, ``suppressions`` and ``accounts``: the data of a workspace.

Imports: codes.request_errors, csv_reading, models, plugins, services, store, strategies.
Imported by: cli.crm, cli.serving.
"""
