"""Emails of campaigns, one-off emails and test emails: types, folders, filters and mutations.

Imports: codes, graphql, mail.message, services.
Imported by: graphql.
"""
