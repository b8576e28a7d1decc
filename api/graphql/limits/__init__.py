"""Limit what a document may cost and how large its values may be, before anything is executed.

Imports: graphql.arguments, mail.templates, services.campaigns, services.common, services.launches,
    services.people, services.workspaces.
Imported by: graphql.engine, http.
"""
