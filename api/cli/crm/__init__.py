"""``touchline crm``: connections to CRMs.

Imports: cli.workspaces, codes.crm, codes.requests, models, plugins, services, store, strategies.
Imported by: nobody.
"""
