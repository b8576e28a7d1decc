"""Queries on incoming mails and events, and on the emails that they answer.

Imports: models, store.emails, store.engine.
Imported by: cli, services, store.dispatch, store.emails.
"""
