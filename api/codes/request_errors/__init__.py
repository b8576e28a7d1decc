"""Refusals of requests: GraphQL documents, values, HTTP, and errors of the database.

Imports: strategies.
Imported by: cli, graphql, http, mail, server, services, store.
"""
