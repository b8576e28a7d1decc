"""The facts about people that send options read: collect them, group people by them, follow their changes.

Imports: models, services.common, services.jobs, store, strategies.
Imported by: graphql.workspaces, services.campaigns, services.enrollments.timelines, services.launches, services.people.
"""
