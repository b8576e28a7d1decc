"""What every service needs: the workspace context, the runtime, metrics, and checks on input.

Imports: codes, mail, models, plugins, store, strategies.
Imported by: cli, graphql, http, services.
"""
