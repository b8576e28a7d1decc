"""Limit what a document may cost and how large its values may be, before anything is executed.

Imports: codes, graphql.arguments, mail.templates, services.bulk, services.campaigns, services.common, services.crm,
    services.launches, services.one_off_emails, services.people, services.replies, services.simulations, services.tasks,
    services.templates, services.workspaces, strategies.
Imported by: graphql.engine, http.
"""
