"""Reports: the counts of emails, answers, tasks and people.

Imports: codes, services.common, store, strategies.
Imported by: graphql.
"""
