"""Every code that clients read, with its sentences and its documentation.

A new code is one entry here.

Imports: plugins, strategies.
Imported by: cli, csv_reading, graphql, http, mail, server, services, store.
"""
