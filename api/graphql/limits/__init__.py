"""Limit what a document may cost and how large its values may be, before anything is executed.

Imports: codes, graphql.arguments, mail.templates, services.campaigns, services.common, services.launches,
    services.people, services.replies, services.simulations, services.tasks, services.workspaces, strategies.
Imported by: graphql.engine, http.
"""
