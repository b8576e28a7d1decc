"""Refusals of mutations, by subject. Add a refusal as a member of the class of its subject.

Imports: strategies.
Imported by: codes.events, csv_reading, graphql, http, mail, services, store.
"""
