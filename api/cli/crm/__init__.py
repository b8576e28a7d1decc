"""``touchline crm``: connections to CRMs.

Imports: cli.workspaces, codes.crm, codes.request_errors, models, plugins, services, store, strategies.
Imported by: nobody.
"""
