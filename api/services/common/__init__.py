"""Shared by all services: the workspace context, the runtime, encryption and metrics.

Imports: codes.refusals, mail, models, plugins, store, strategies.
Imported by: cli, graphql, http, services.
"""
