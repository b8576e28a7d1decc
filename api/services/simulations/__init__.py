"""Play answers in a sandbox: replies, bounces, complaints, opens, clicks and unsubscribes.

Imports: codes, mail, models, plugins, services.common, services.jobs, services.replies, services.tasks, store,
    strategies.
Imported by: graphql.
"""
