"""Test emails: a user sends an email to an address of their own, to see it in a mail program.

Imports: codes, mail, models, plugins, services.common, services.dispatch, services.emails, services.workspaces, store,
    strategies.
Imported by: graphql.
"""
