"""Queries on emails: lists, search, texts, contents, and the columns of one-off emails.

Imports: codes, mail, models, store, strategies.
Imported by: services, store.
"""
